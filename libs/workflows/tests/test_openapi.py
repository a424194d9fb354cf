"""The document of one workflow says what the gateway takes."""

from pathlib import Path

from workflows import load_version
from workflows.inputs.openapi import openapi

FOLDER = Path(__file__).parents[3] / "workflows"


def test_the_document_is_about_one_version_and_lists_the_fleets_models() -> None:
    spec = load_version(
        (FOLDER / "txt2img.yaml").read_text(),
        (FOLDER / "txt2img.graph.json").read_text(),
        (FOLDER / "library.yaml").read_text(),
    ).spec

    document = openapi(spec, 3, "/fleet", {"loras": ["film.safetensors"]})

    body = document["paths"]["/v1/jobs"]["post"]["requestBody"]["content"]["application/json"]
    inputs = document["components"]["schemas"]["Inputs"]
    assert body["schema"]["properties"]["workflow"] == {"const": "txt2img@3"}
    assert inputs["required"] == ["prompt"]
    assert inputs["properties"]["lora"]["x-comfyfleet-choices"] == ["film.safetensors"]
    assert "x-comfyfleet-choices" not in inputs["properties"]["model"]
    assert document["servers"] == [{"url": "/fleet"}]

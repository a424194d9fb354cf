"""Manifests of parameters and workflows become specs that pass every check."""

import json
from pathlib import Path
from typing import Any

import pytest

from contracts.errors import InvalidError
from workflows import load_version, render, validate_inputs
from workflows.manifests import spec_of
from workflows.read import read_mapping

GRAPH = json.loads((Path(__file__).parents[3] / "workflows" / "txt2img.graph.json").read_text())
GRAPH["6"]["_meta"] = {"title": "Positive Prompt"}
BASE = read_mapping(
    """
prompt: {type: string, required: true, target: {title: Positive Prompt, input: text}}
seed: {type: integer, default: -1, target: {class_type: KSampler, input: seed}}
steps: {type: integer, default: 20, target: {class_type: KSampler, input: steps}}
lora: {type: string, default: "None", absent_values: ["None"],
       target: {class_type: LoraLoader, input: lora_name}}
lost: {type: integer, target: {class_type: Nowhere, input: x}}
""",
    "base",
)
ENTRY: dict[str, Any] = {
    "workflow_file": "my_portrait.json",
    "description": "Artistic portraits.",
    "parameters": ["prompt", "seed", "steps", "lora"],
    "overrides": {"steps": {"default": 30}},
}


def rendered(**inputs: Any) -> dict[str, Any]:
    version = load_version(spec_of("my_portrait", ENTRY, BASE, GRAPH), GRAPH)
    complete = validate_inputs(version.spec, {"prompt": "a face", **inputs}, lambda: 7)
    return dict(render(version.graph, version.spec, complete))


def test_targets_become_places_in_the_graph() -> None:
    graph = rendered()

    assert graph["6"]["inputs"]["text"] == "a face"
    assert (graph["3"]["inputs"]["steps"], graph["3"]["inputs"]["seed"]) == (30, 7)


def test_a_value_that_means_absent_takes_the_graph_node_out() -> None:
    assert "10" not in rendered()
    assert rendered(lora="film.safetensors")["10"]["inputs"]["lora_name"] == "film.safetensors"


def test_a_loader_of_models_offers_what_the_fleet_has() -> None:
    item = spec_of("my_portrait", ENTRY, BASE, GRAPH)["inputs"]["lora"]

    assert (item["type"], item["folder"]) == ("model", "loras")


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"parameters": ["nothing"]}, "m.parameters.nothing"),
        ({"parameters": ["lost"]}, "m.parameters.lost"),
        ({"overrides": {"cfg": {}}}, "m.overrides.cfg"),
        ({"colour": 1}, "m.colour"),
        ({"parameters": 3}, "m.parameters"),
    ],
)
def test_what_is_wrong_is_named(change: dict[str, Any], path: str) -> None:
    with pytest.raises(InvalidError) as refused:
        spec_of("m", {**ENTRY, **change}, BASE, GRAPH)

    assert path in [error.path for error in refused.value.errors]

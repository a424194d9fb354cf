"""The shipped workflows fit a real ComfyUI: its recorded `object_info` is the judge."""

import json
from pathlib import Path
from typing import Any

import pytest

from workflows import (
    Inputs,
    WorkflowVersion,
    inputs_schema,
    load_version,
    misfits,
    needs,
    render,
    seal,
    validate_inputs,
)

ROOT = Path(__file__).parents[3]
FOLDER = ROOT / "workflows"
NAMES = sorted(path.stem for path in FOLDER.glob("*.yaml") if path.stem != "library")
RECORDING = ROOT / "tests" / "recordings" / "object_info_workflows.json"
MEDIA = {"media": "0192f0c0-0000-7000-8000-00000000000a"}
NEEDS_A_MODEL = {"txt2img", "img2img", "inpaint", "upscale"}


def a_shipped(name: str) -> WorkflowVersion:
    texts = [(FOLDER / file).read_text() for file in (f"{name}.yaml", f"{name}.graph.json")]
    return load_version(texts[0], texts[1], (FOLDER / "library.yaml").read_text())


def inputs_of(version: WorkflowVersion, **more: Any) -> Inputs:
    required = {
        name: MEDIA if item.is_media else "a red door"
        for name, item in version.spec.inputs.items()
        if item.required
    }
    return validate_inputs(version.spec, required | version.spec.example | more, lambda: 7)


def object_info() -> dict[str, Any]:
    return json.loads(RECORDING.read_text())


def test_all_of_them_are_here() -> None:
    assert {*NEEDS_A_MODEL, "solid", "resize", "composite"} == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_a_shipped_workflow_fits_before_and_after_rendering(name: str) -> None:
    version = a_shipped(name)

    graph = seal(render(version.graph, version.spec, inputs_of(version)), "cf/a")

    assert version.name == name
    assert misfits(version.graph, object_info(), version.spec) == []
    assert misfits(graph, object_info(), version.spec) == []


@pytest.mark.parametrize("name", NAMES)
def test_a_shipped_workflow_needs_models_only_if_it_samples(name: str) -> None:
    version = a_shipped(name)

    found = needs(render(version.graph, version.spec, inputs_of(version)))

    assert bool(found.models) == (name in NEEDS_A_MODEL)


@pytest.mark.parametrize("name", NAMES)
def test_every_field_of_a_shipped_workflow_is_named_in_three_languages(name: str) -> None:
    for field in inputs_schema(a_shipped(name).spec)["properties"].values():
        assert field["x-comfyfleet-title"].keys() == {"en", "ru", "th"}


@pytest.mark.parametrize("name", ["txt2img", "inpaint"])
def test_a_named_lora_is_needed_and_an_absent_one_is_not(name: str) -> None:
    version = a_shipped(name)

    without = render(version.graph, version.spec, inputs_of(version, lora="None"))
    styled = render(version.graph, version.spec, inputs_of(version, lora="oil.safetensors"))

    assert ("loras", "oil.safetensors") in needs(styled).models
    assert "LoraLoader" not in needs(without).classes


def test_a_graph_that_does_not_fit_is_told_where() -> None:
    graph: dict[str, Any] = {
        "1": {"class_type": "EmptyImage", "inputs": {"width": 0, "height": 8, "batch_size": 1}},
        "2": {"class_type": "VAEDecode", "inputs": {"samples": ["1", 0], "vae": ["1", 3]}},
        "3": {"class_type": "Unheard", "inputs": {}},
        "4": {"class_type": "LoadImageMask", "inputs": {"image": "x", "channel": "infrared"}},
    }

    assert {error.path: error.code for error in misfits(graph, object_info())} == {
        "graph.1.inputs.width": "out_of_range",
        "graph.1.inputs.color": "missing",
        "graph.2.inputs.samples": "wrong_type",
        "graph.2.inputs.vae": "bad_link",
        "graph.3.class_type": "missing_class",
        "graph.4.inputs.channel": "not_a_choice",
    }

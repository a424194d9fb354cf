"""Manifests of parameters and workflows become specs that pass every check."""

import json
from pathlib import Path
from typing import Any

import pytest

from contracts.errors import InvalidError
from workflows import load_version, render, validate_inputs
from workflows.authoring.manifests import spec_of
from workflows.spec.documents import read_mapping

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


def test_a_value_that_means_absent_takes_out_every_loader_that_is_meant() -> None:
    second = {
        **GRAPH["10"],
        "inputs": {**GRAPH["10"]["inputs"], "model": ["10", 0], "clip": ["10", 1]},
    }
    graph = json.loads(json.dumps(GRAPH).replace('["10",', '["11",')) | {"11": second}

    def classes(**inputs: Any) -> list[str]:
        version = load_version(spec_of("my_portrait", ENTRY, BASE, graph), graph)
        complete = validate_inputs(version.spec, {"prompt": "a face", **inputs}, lambda: 7)
        return [node["class_type"] for node in render(graph, version.spec, complete).values()]

    assert classes(lora="film.safetensors").count("LoraLoader") == 2
    assert classes(lora="None").count("LoraLoader") == 0


def test_what_can_be_spared_in_one_place_only_is_refused() -> None:
    places = [
        {"class_type": "LoraLoader", "input": "lora_name"},
        {"node": "4", "input": "ckpt_name"},
    ]
    base = {**BASE, "lora": {"type": "string", "absent_values": ["None"], "targets": places}}

    with pytest.raises(InvalidError) as caught:
        spec_of("my_portrait", ENTRY, base, GRAPH)

    assert [e.path for e in caught.value.errors] == ["my_portrait.parameters.lora.absent_values"]


def test_a_seed_that_means_absent_is_drawn() -> None:
    base = {**BASE, "seed": {**BASE["seed"], "absent_values": [-1]}}
    version = load_version(spec_of("my_portrait", ENTRY, base, GRAPH), GRAPH)

    assert validate_inputs(version.spec, {"prompt": "x", "seed": -1}, lambda: 7)["seed"] == 7


def test_a_loader_of_models_offers_what_the_fleet_has() -> None:
    item = spec_of("my_portrait", ENTRY, BASE, GRAPH)["inputs"]["lora"]

    assert (item["type"], item["folder"]) == ("model", "loras")


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"parameters": ["nothing"]}, "m.parameters.nothing"),
        ({"parameters": ["lost"]}, "m.parameters.lost"),
        ({"overrides": {"cfg": {}}}, "m.overrides.cfg"),
        ({"color": 1}, "m.color"),
        ({"parameters": 3}, "m.parameters"),
    ],
)
def test_what_is_wrong_is_named(change: dict[str, Any], path: str) -> None:
    with pytest.raises(InvalidError) as refused:
        spec_of("m", {**ENTRY, **change}, BASE, GRAPH)

    assert path in [error.path for error in refused.value.errors]

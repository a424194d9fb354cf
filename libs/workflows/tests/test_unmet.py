import json
from typing import Any

import pytest

from contracts.values import Unmet
from workflows import Spec, load_version, unmet
from workflows.compatibility.graph_check import graph_errors
from workflows.compatibility.unmet import with_graph_nodes

SPEC = """
spec: comfyfleet/v1
name: mine
inputs:
  sampler: {type: string, default: euler, bind: [{node: "1", input: sampler_name}]}
  lora: {type: model, folder: loras, default: a.gguf, bind: [{node: "1", input: file}]}
outputs: {images: {node: "2", kind: image}}
"""
GRAPH: dict[str, Any] = {
    "1": {"class_type": "Sampler", "inputs": {"sampler_name": "odd", "file": "b.gguf"}},
    "2": {"class_type": "SaveImage", "inputs": {"images": ["1", 0]}},
}
INFO: dict[str, Any] = {
    "Sampler": {
        "input": {"required": {"sampler_name": [["euler"]], "file": ["COMBO", {"options": ["a"]}]}},
        "output": ["IMAGE"],
    },
    "SaveImage": {"input": {"required": {"images": ["IMAGE"]}}, "output_node": True, "output": []},
}


def a_spec() -> Spec:
    return load_version(SPEC, json.dumps(GRAPH)).spec


def test_a_value_that_is_not_offered_is_named_with_its_place_and_input() -> None:
    choice, model = unmet(GRAPH, INFO, a_spec())

    assert choice == Unmet(
        kind="choice",
        name="sampler_name: odd",
        graph_node="1",
        graph_node_class="Sampler",
        input="sampler_name",
        value="odd",
        field="inputs.sampler",
        message="graph node 1 (Sampler), sampler_name: the server does not offer 'odd'",
    )
    assert (model.kind, model.name, model.field) == ("model", "b.gguf", "inputs.lora")


def test_classes_and_files_that_are_lacking_get_the_place_that_wants_them() -> None:
    graph = {**GRAPH, "3": {"class_type": "LoraLoader", "inputs": {"lora_name": "x.pt"}}}
    found = [
        Unmet(kind="class", name="Sampler", message="no"),
        Unmet(kind="model", name="loras/x.pt", message="no"),
        Unmet(kind="class", name="Elsewhere", message="no"),
    ]

    placed = with_graph_nodes(found, graph, a_spec())

    assert [(entry.graph_node, entry.input) for entry in placed] == [
        ("1", None),
        ("3", "lora_name"),
        (None, None),
    ]


TAKEN: list[tuple[list[Any], Any]] = [
    (["INT", {"min": 1, "max": 8}], "7"),
    (["FLOAT", {"min": "low"}], 0.5),
    (["COMBO", {"multiselect": True, "options": ["a", "b"]}], ["a", "b"]),
    ([[], {}], "made up on the way"),
    (["COMBO", {"remote": {}}], "from elsewhere"),
    (["COLORCODE"], "#ff0000"),
    (["COMFY_AUTOGROW_V3", {}], None),
]
REFUSED: list[tuple[list[Any], Any, str]] = [
    (["INT", {"min": 1}], "0", "out_of_range"),
    (["INT", {}], "many", "out_of_range"),
    (["COMBO", {"options": ["a"]}], ["a", "x", "y"], "not_a_choice"),
    (["IMAGE"], "a.png", "wrong_type"),
]


@pytest.mark.parametrize(("declared", "value"), TAKEN)
def test_a_value_that_comfyui_takes_meets_the_requirement(declared: list[Any], value: Any) -> None:
    graph = {"1": {"class_type": "A", "inputs": {} if value is None else {"x": value}}}

    assert graph_errors(graph, {"A": {"input": {"required": {"x": declared}}, "output": []}}) == []


@pytest.mark.parametrize(("declared", "value", "code"), REFUSED)
def test_what_comfyui_refuses_is_one(declared: list[Any], value: Any, code: str) -> None:
    graph = {"1": {"class_type": "A", "inputs": {"x": value}}}
    info = {"A": {"input": {"required": {"x": declared}}, "output": ["IMAGE"]}}

    assert {error.code for error in graph_errors(graph, info)} == {code}

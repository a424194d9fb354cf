"""A saved graph is accepted wherever a version is loaded."""

import json
from typing import Any

import pytest

from contracts.errors import InvalidError
from workflows import load_graph, load_version
from workflows.versions.version import MOST_TOGETHER

OBJECT_INFO: dict[str, Any] = {
    "EmptyImage": {"input": {"required": {"width": ["INT", {}]}}, "output": ["IMAGE"]},
    "SaveImage": {"input": {"required": {"images": ["IMAGE", {}]}}, "output": []},
}
SAVED: dict[str, Any] = {
    "nodes": [
        {"id": 1, "type": "EmptyImage", "widgets_values": [8]},
        {"id": 2, "type": "SaveImage", "inputs": [{"name": "images", "link": 5}], "title": "Keep"},
    ],
    "links": [[5, 1, 0, 2, 0, "IMAGE"]],
}
SPEC: dict[str, Any] = {
    "spec": "comfyfleet/v1",
    "name": "plain",
    "inputs": {"width": {"type": "integer", "bind": [{"node": "1", "input": "width"}]}},
    "outputs": {"images": {"node": "2", "kind": "image"}},
}


def errors_of(saved: dict[str, Any], object_info: Any, **spec: Any) -> list[tuple[str, str]]:
    with pytest.raises(InvalidError) as caught:
        load_version(SPEC | spec, saved, object_info=object_info)
    return [(error.path, error.code) for error in caught.value.errors]


def test_a_saved_graph_is_stored_as_it_runs() -> None:
    version = load_version(SPEC, SAVED, object_info=OBJECT_INFO)

    first, second = version.graph.values()
    assert (first["class_type"], first["inputs"]) == ("EmptyImage", {"width": 8})
    assert (second["class_type"], second["inputs"]) == ("SaveImage", {"images": ["1", 0]})
    assert second["_meta"] == {"title": "Keep"}
    assert load_graph(SAVED, OBJECT_INFO) == version.graph


def test_a_version_keeps_the_file_that_its_graph_was_made_of() -> None:
    version = load_version(SPEC, SAVED, object_info=OBJECT_INFO)

    assert version.editor_file
    assert json.loads(version.editor_file.text) == SAVED
    restored = type(version).model_validate_json(version.model_dump_json())
    assert restored.editor_file == version.editor_file


def test_another_layout_is_another_version_and_the_graph_alone_is_one_without_layout() -> None:
    first = load_version(SPEC, SAVED, object_info=OBJECT_INFO)
    moved = load_version(SPEC, SAVED | {"extra": {"ds": {"scale": 2}}}, object_info=OBJECT_INFO)
    plain = load_version(SPEC, first.graph, object_info=OBJECT_INFO)

    assert first.graph == moved.graph == plain.graph
    assert len({first.hash, moved.hash, plain.hash}) == 3
    assert plain.editor_file is None


def test_a_file_that_does_not_fit_beside_its_graph_is_left_out_with_a_warning() -> None:
    note = {"id": 3, "type": "Note", "widgets_values": ["x" * MOST_TOGETHER]}
    saved = SAVED | {"nodes": [*SAVED["nodes"], note]}

    version = load_version(SPEC, saved, object_info=OBJECT_INFO)

    assert version.editor_file is None
    assert [(error.path, error.code) for error in version.left_out] == [("graph", "too_large")]


def test_without_the_classes_of_the_fleet_it_is_refused() -> None:
    assert errors_of(SAVED, None) == [("graph", "save_format")]


def test_what_cannot_be_converted_is_told_with_what_is_wrong_in_the_spec() -> None:
    foreign = {"nodes": [{"id": 12, "type": "Foreign"}]}

    assert errors_of(foreign, OBJECT_INFO, outputs={}) == [
        ("nodes.12", "unknown_class"),
        ("outputs", "missing"),
    ]


def test_a_version_tells_what_the_conversion_left_out_of_the_graph() -> None:
    switch = {"id": 3, "type": "Fast Muter (rgthree)"}
    saved = SAVED | {"nodes": [*SAVED["nodes"], switch]}

    version = load_version(SPEC, saved, object_info=OBJECT_INFO)
    assert [(error.path, error.code) for error in version.left_out] == [("nodes.3", "left_out")]
    assert version.graph == load_version(SPEC, SAVED, object_info=OBJECT_INFO).graph
    assert "left_out" not in version.model_dump()

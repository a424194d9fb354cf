"""A saved graph is accepted wherever a version is loaded."""

from typing import Any

import pytest

from contracts.errors import InvalidError
from workflows import load_graph, load_version

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
    assert load_version(SPEC, version.graph, object_info=OBJECT_INFO).hash == version.hash
    assert load_graph(SAVED, OBJECT_INFO) == version.graph


def test_without_the_classes_of_the_fleet_it_is_refused() -> None:
    assert errors_of(SAVED, None) == [("graph", "save_format")]


def test_what_cannot_be_converted_is_told_with_what_is_wrong_in_the_spec() -> None:
    foreign = {"nodes": [{"id": 12, "type": "Foreign"}]}

    assert errors_of(foreign, OBJECT_INFO, outputs={}) == [
        ("nodes.12", "unknown_class"),
        ("outputs", "missing"),
    ]


def test_a_version_tells_what_the_conversion_left_out_and_stores_none_of_it() -> None:
    switch = {"id": 3, "type": "Fast Muter (rgthree)"}
    saved = SAVED | {"nodes": [*SAVED["nodes"], switch]}

    version = load_version(SPEC, saved, object_info=OBJECT_INFO)
    assert [(error.path, error.code) for error in version.left_out] == [("nodes.3", "left_out")]
    assert version.hash == load_version(SPEC, SAVED, object_info=OBJECT_INFO).hash
    assert "left_out" not in version.model_dump()

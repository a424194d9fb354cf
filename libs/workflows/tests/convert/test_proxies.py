"""Widgets that an instance shows without an input, where the recordings show no case."""

from typing import Any

import pytest

from workflows import to_api

from .saved import a_file, a_node

OBJECT_INFO: dict[str, Any] = {
    "Text": {"input": {"required": {"text": ["STRING", {}]}}, "output": ["STRING"]},
    "Sampler": {
        "input": {"required": {"steps": ["INT", {"default": 20}], "cfg": ["FLOAT", {}]}},
        "output": ["LATENT"],
    },
}


def shown(id_: int, definition: str, entries: list[list[str]], *values: Any) -> dict[str, Any]:
    node = a_node(id_, definition, *values)
    return node | {"properties": {"proxyWidgets": entries}}


def nested(entries: list[list[str]], *values: Any) -> dict[str, Any]:
    """Two texts in a subgraph in a subgraph; the middle shows both under one name."""
    inner = {"id": "i", "nodes": [a_node(1, "Text", "a"), a_node(2, "Text", "b")]}
    middle = {"id": "m", "nodes": [shown(5, "i", [["1", "text"], ["2", "text"]], "c", "d")]}
    file = a_file(shown(9, "m", entries, *values))
    return file | {"definitions": {"subgraphs": [inner, middle]}}


@pytest.mark.parametrize(
    "entries",
    [[["5", "1: text"], ["5", "2: text"]], [["5", "text", "1"], ["5", "text", "2"]]],
)
def test_two_inner_widgets_of_one_name_are_told_apart(entries: list[list[str]]) -> None:
    api = to_api(nested(entries, "x", "y"), OBJECT_INFO)

    texts = {id_: node["inputs"]["text"] for id_, node in api.items()}
    assert texts == {"9:5:1": "x", "9:5:2": "y"}


def test_an_outer_instance_that_shows_nothing_leaves_the_values_of_the_inner_one() -> None:
    api = to_api(nested([]), OBJECT_INFO)

    texts = {id_: node["inputs"]["text"] for id_, node in api.items()}
    assert texts == {"9:5:1": "c", "9:5:2": "d"}


def test_a_value_missing_by_name_is_the_default_where_the_class_has_changed() -> None:
    node = a_node(1, "Sampler", 3.5) | {"widgets_values_named": {"cfg": 3.5}}

    assert to_api(a_file(node), OBJECT_INFO)["1"]["inputs"] == {"steps": 20, "cfg": 3.5}

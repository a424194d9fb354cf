"""Files made to hurt: every one is converted or refused with a reason, soon."""

import json
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contracts.errors import InvalidError
from workflows import to_api

RECORDED = Path(__file__).parents[4] / "tests" / "recordings" / "ui-to-api"
OBJECT_INFO = json.loads((RECORDED / "object_info.json").read_text())
NAMES = sorted(path.stem for path in RECORDED.glob("edge_*.json"))
JUNK: list[Any] = [
    None, True, 0, -1, 2, 4, 10**20, -10, 1.5, float("nan"), float("inf"), "", "\ud800", "-10",
    "10:3", [], {}, [[]], [1, 2], {"a": 1}, "KSampler", "workflow>Prep", "Reroute", "PrimitiveNode",
    "%a.b%", [None], {"name": "text"}, "SetNode", "GetNode", "Anything Everywhere", [["1", "a"]],
    {"ue_links": [{"controller": 1, "downstream": 2, "downstream_slot": 0}]},
]  # fmt: skip
Change = tuple[float, Any]
SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large]


def keys_of(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return list(cast("dict[str, Any]", value))
    return list(range(len(cast("list[Any]", value)))) if isinstance(value, list) else []


def places(value: Any) -> list[tuple[Any, Any]]:
    """Every container of a file with each of its keys."""
    keys = keys_of(value)
    return [(value, key) for key in keys] + [at for key in keys for at in places(value[key])]


def spoil(file: Any, changes: list[Change]) -> None:
    for where, junk in changes:
        found = places(file)
        if found:
            container, key = found[int(where * (len(found) - 1))]
            container[key] = deepcopy(junk)


changes = st.lists(st.tuples(st.floats(0, 1), st.sampled_from(JUNK)), min_size=1, max_size=5)


def assert_converted_or_refused(ui: Any, object_info: Any) -> None:
    try:
        api = to_api(ui, object_info)
    except InvalidError as error:
        refused = error.body()
        api = {}
    else:
        refused = None
    assert refused is None or (refused.errors and refused.model_dump_json())
    assert all(node["class_type"] in object_info for node in api.values())


@settings(max_examples=300, deadline=None, suppress_health_check=SLOW)
@given(st.sampled_from(NAMES), changes)
def test_a_spoiled_file_is_converted_or_refused(name: str, made: list[Change]) -> None:
    ui = json.loads((RECORDED / f"{name}.json").read_text())["ui"]
    spoil(ui, made)

    assert_converted_or_refused(ui, OBJECT_INFO)


@settings(max_examples=150, deadline=None, suppress_health_check=SLOW)
@given(st.sampled_from(NAMES), changes)
def test_an_object_info_of_a_strange_node_does_no_harm(name: str, made: list[Change]) -> None:
    ui = json.loads((RECORDED / f"{name}.json").read_text())["ui"]
    used = {node["type"] for node in ui["nodes"]}
    info = {class_: json.loads(json.dumps(OBJECT_INFO.get(class_))) for class_ in sorted(used)}
    spoil(info, made)

    assert_converted_or_refused(ui, info)


def nested(depth: int) -> list[Any]:
    value: list[Any] = []
    for _ in range(depth):
        value = [value]
    return value


def a_node(id_: Any, class_: str, **more: Any) -> dict[str, Any]:
    return {"id": id_, "type": class_, **more}


def doubling(levels: int) -> dict[str, Any]:
    """Each subgraph holds the next one twice."""
    subgraphs = [
        {"id": f"s{level}", "nodes": [a_node(1, f"s{level + 1}"), a_node(2, f"s{level + 1}")]}
        for level in range(levels)
    ]
    subgraphs.append({"id": f"s{levels}", "nodes": [a_node(1, "EmptyLatentImage")]})
    return {"nodes": [a_node(1, "s0")], "definitions": {"subgraphs": subgraphs}}


def endless_subgraph() -> dict[str, Any]:
    subgraphs = [{"id": "a", "nodes": [a_node(3, "b")]}, {"id": "b", "nodes": [a_node(4, "a")]}]
    return {"nodes": [a_node(2, "a")], "definitions": {"subgraphs": subgraphs}}


def reroutes_in_a_circle() -> dict[str, Any]:
    reroutes = [
        a_node(id_, "Reroute", inputs=[{"name": "", "type": "*", "link": id_}]) for id_ in (1, 2)
    ]
    save = a_node(3, "SaveImage", inputs=[{"name": "images", "type": "IMAGE", "link": 1}])
    return {"nodes": [*reroutes, save], "links": [[1, 2, 0, 1, 0], [2, 1, 0, 2, 0]]}


def long_chains() -> dict[str, Any]:
    reroutes = [a_node(1, "Reroute")]
    reroutes += [
        a_node(id_, "Reroute", inputs=[{"name": "", "link": id_}]) for id_ in range(2, 4_000)
    ]
    saves = [
        a_node(id_, "SaveImage", inputs=[{"name": "images", "link": 3_999}])
        for id_ in range(4_000, 5_000)
    ]
    links = [[id_, id_ - 1, 0, id_, 0] for id_ in range(2, 4_000)]
    return {"nodes": [*reroutes, *saves], "links": links}


def proxies_everywhere() -> dict[str, Any]:
    inner = [a_node(id_, "SaveImage") for id_ in range(1_000)]
    shown = {"proxyWidgets": [[str(id_), "filename_prefix"] for id_ in range(1_000)]}
    nodes = [a_node(id_, "a", properties=shown) for id_ in range(40)]
    return {"nodes": nodes, "definitions": {"subgraphs": [{"id": "a", "nodes": inner}]}}


def definitions_within_definitions() -> dict[str, Any]:
    inner: dict[str, Any] = {"id": "0", "nodes": []}
    for level in range(600):
        inner = {"id": f"{level}", "nodes": [], "definitions": {"subgraphs": [inner]}}
    return {"nodes": [], "definitions": {"subgraphs": [inner]}}


def a_text_many_times() -> dict[str, Any]:
    text = a_node(1, "CLIPTextEncode", widgets_values=["x" * 100_000])
    nodes = [a_node(id_, "a") for id_ in range(4_000)]
    return {"nodes": nodes, "definitions": {"subgraphs": [{"id": "a", "nodes": [text]}]}}


def a_growing_name() -> dict[str, Any]:
    prefix = ["%a.filename_prefix%" * 50]
    nodes = [a_node(i, "SaveImage", title="a", widgets_values=prefix) for i in range(4_000)]
    return {"nodes": nodes}


@pytest.mark.parametrize(
    ("make", "code"),
    [
        (lambda: doubling(20), "too_many"),
        (lambda: doubling(40), "too_deep"),
        (endless_subgraph, "cycle"),
        (reroutes_in_a_circle, "cycle"),
        (long_chains, "too_many"),
        (proxies_everywhere, "too_many"),
        (definitions_within_definitions, "too_many"),
        (a_text_many_times, "too_big"),
        (a_growing_name, "too_big"),
        (lambda: {"nodes": [a_node(1, "SaveImage")] * 2}, "twice"),
        (lambda: {"nodes": [a_node(1, "SaveImage")] * 5_001}, "too_many"),
        (lambda: {"nodes": [a_node(nested(50_000), "SaveImage")]}, "wrong_type"),
        (lambda: {"nodes": [a_node(1, "SaveImage", widgets_values=[nested(50_000)])]}, "not_json"),
        (
            lambda: {"nodes": [a_node(1, "CLIPTextEncode", widgets_values=[nested(900)])]},
            "too_deep",
        ),
    ],
)
def test_a_bomb_is_refused(make: Callable[[], dict[str, Any]], code: str) -> None:
    ui = make()

    with pytest.raises(InvalidError) as caught:
        to_api(ui, OBJECT_INFO)
    assert [error.code for error in caught.value.errors] == [code]


@pytest.mark.parametrize("text", ["/*" * 100_000, "{" * 200_000, "//\n" * 50_000 + "/*", "\\" * 9])
def test_a_prompt_of_marks_costs_no_more_than_its_length(text: str) -> None:
    node = a_node(1, "CLIPTextEncode", widgets_values=[text])

    assert "1" in to_api({"nodes": [node]}, OBJECT_INFO)


@pytest.mark.parametrize("ui", [None, [], "", {}, {"nodes": None}, {"nodes": {}}])
def test_what_is_no_saved_file_is_refused(ui: Any) -> None:
    with pytest.raises(InvalidError, match="save format"):
        to_api(ui, OBJECT_INFO)

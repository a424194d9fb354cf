"""The editor's file of a version holds the values of a run where the editor reads them."""

import json
from pathlib import Path
from typing import Any

import pytest

from contracts.errors import InvalidError
from workflows.convert import editor_file, to_api, with_run
from workflows.convert.editor_file import EditorFile, Place, leaves
from workflows.spec.spec import Spec

from .saved import a_file, a_node

RECORDED = Path(__file__).parents[4] / "tests" / "recordings" / "ui-to-api"
OBJECT_INFO = json.loads((RECORDED / "object_info.json").read_text())
CASES = sorted(path.stem for path in RECORDED.glob("*.json") if path.stem != "object_info")
CHANGED = ("text", "seed", "noise_seed", "steps", "ckpt_name", "batch_size")
"""Inputs that add no others and are not rewritten."""


def a_spec(inputs: dict[str, Any] | None = None) -> Spec:
    outputs = {"images": {"node": "9", "kind": "image"}}
    about = {"spec": "comfyfleet/v1", "name": "x", "title": "X", "category": "image"}
    return Spec.model_validate({**about, "inputs": inputs or {}, "outputs": outputs})


def another(value: Any) -> Any:
    return f"{value} of this run" if isinstance(value, str) else value + 1


def rendered(graph: dict[str, Any]) -> dict[str, Any]:
    """Return the graph with other values."""

    def changed(inputs: dict[str, Any]) -> dict[str, Any]:
        return {
            name: another(value) if name in CHANGED and isinstance(value, str | int) else value
            for name, value in inputs.items()
        }

    return {id_: {**node, "inputs": changed(node["inputs"])} for id_, node in graph.items()}


@pytest.mark.parametrize("name", CASES)
def test_a_file_with_its_own_values_converts_as_before(name: str) -> None:
    case = json.loads((RECORDED / f"{name}.json").read_text())
    try:
        graph = to_api(case["ui"], OBJECT_INFO)
    except InvalidError:
        return

    file = editor_file(case["ui"], OBJECT_INFO, graph)

    assert to_api(with_run(file, a_spec(), graph), OBJECT_INFO) == graph


@pytest.mark.parametrize(
    "name",
    [
        "01_get_started_text_to_image",  # a subgraph that shows inner widgets
        "new_subgraph_twice_proxy",
        "edge_seed_control",
        "flux_schnell",
        "new_group_node",
        "sdxl_refiner_prompt_example",  # values by primitive nodes
    ],
)
def test_a_file_with_the_values_of_a_run_converts_to_the_graph_of_the_run(name: str) -> None:
    ui = json.loads((RECORDED / f"{name}.json").read_text())["ui"]
    graph = to_api(ui, OBJECT_INFO)
    run = rendered(graph)
    assert run != graph

    shown = with_run(editor_file(ui, OBJECT_INFO, graph), a_spec(), run)

    assert to_api(shown, OBJECT_INFO) == run
    assert {**shown, "nodes": [], "definitions": {}} == {**ui, "nodes": [], "definitions": {}}


def test_almost_every_saved_value_of_the_recorded_files_has_its_place() -> None:
    count = placed = 0
    for name in CASES:
        case = json.loads((RECORDED / f"{name}.json").read_text())
        if case["api"] is None:
            continue
        graph = to_api(case["ui"], OBJECT_INFO)
        feeds = {
            feed
            for place in editor_file(case["ui"], OBJECT_INFO, graph).places
            for feed in place.feeds
        }
        literals = [path for path, _ in leaves(graph, ()) if path[1] == "inputs" and len(path) == 3]
        count += len(literals)
        placed += len(feeds & {*literals})

    assert placed > 0.9 * count  # the others are defaults, of which the file holds nothing


def a_picture() -> tuple[dict[str, Any], dict[str, Any]]:
    loader = a_node(1, "LoadImage", "a.png", "image")
    scale = a_node(2, "ImageScale", "bilinear", 300, 200, "disabled", image=1)
    save = a_node(9, "SaveImage", "x", images=2)
    ui = a_file(loader, scale, save, links=[[1, 1, 0, 2, 0, "IMAGE"], [2, 2, 0, 9, 0, "IMAGE"]])
    return ui, to_api(ui, OBJECT_INFO)


def test_a_graph_node_that_the_run_bypassed_is_bypassed_in_the_editor() -> None:
    ui, graph = a_picture()
    absent = {"when_absent": {"bypass": "2", "through": ["image"]}}
    bind = [{"node": "2", "input": "width"}]
    spec = a_spec({"width": {"type": "integer", "bind": bind, **absent}})
    run = {id_: node for id_, node in graph.items() if id_ != "2"}
    file = editor_file(ui, OBJECT_INFO, graph)

    modes = [node.get("mode", 0) for node in with_run(file, spec, run)["nodes"]]
    unchanged = [node.get("mode", 0) for node in with_run(file, spec, graph)["nodes"]]

    assert modes == [0, 4, 0]
    assert unchanged == [0, 0, 0]


def test_a_value_that_newer_editors_save_twice_is_written_twice() -> None:
    ui, _ = a_picture()
    ui["nodes"][1]["widgets_values_named"] = dict(
        zip(
            ("upscale_method", "width", "height", "crop"),
            ui["nodes"][1]["widgets_values"],
            strict=True,
        )
    )
    graph = to_api(ui, OBJECT_INFO)
    run = {**graph, "2": {**graph["2"], "inputs": {**graph["2"]["inputs"], "width": 400}}}

    node = with_run(editor_file(ui, OBJECT_INFO, graph), a_spec(), run)["nodes"][1]

    assert node["widgets_values"][1] == 400
    assert node["widgets_values_named"]["width"] == 400


def test_a_widget_that_two_graph_nodes_share_stays_if_the_run_gives_them_two_values() -> None:
    ui = json.loads((RECORDED / "new_subgraph_one_input_two_widgets.json").read_text())["ui"]
    graph = to_api(ui, OBJECT_INFO)
    file = editor_file(ui, OBJECT_INFO, graph)
    shared = next(place for place in file.places if len(place.feeds) > 1)
    id_, _, name = shared.feeds[0]
    inputs = {**graph[str(id_)]["inputs"], name: another(graph[str(id_)]["inputs"][name])}
    run = {**graph, str(id_): {**graph[str(id_)], "inputs": inputs}}

    assert with_run(file, a_spec(), run) == ui


def test_one_and_true_are_two_values_of_a_run() -> None:
    ui = {"nodes": [{"widgets_values": [5]}]}
    feeds = (("1", "inputs", "a"), ("2", "inputs", "b"))
    place = Place(path=("nodes", 0, "widgets_values", 0), feeds=feeds)
    file = EditorFile(text=json.dumps(ui), places=(place,))

    def a_run(second: Any) -> dict[str, Any]:
        return {"1": {"inputs": {"a": 1}}, "2": {"inputs": {"b": second}}}

    assert with_run(file, a_spec(), a_run(True)) == ui
    assert with_run(file, a_spec(), a_run(1.0)) == {"nodes": [{"widgets_values": [1]}]}

"""Graph nodes that exist only in the editor are understood, or left out with a warning."""

from typing import Any

import pytest

from contracts.errors import InvalidError
from workflows.convert import convert

from .saved import a_file, a_node

OBJECT_INFO: dict[str, Any] = {
    "Make": {"input": {"required": {"width": ["INT", {"default": 64}]}}, "output": ["IMAGE"]},
    "Scale": {"input": {"required": {"image": ["IMAGE", {}]}}, "output": ["IMAGE"]},
    "Show": {"input": {"required": {"images": ["IMAGE", {}]}}, "output": []},
}


def inputs_of(ui: dict[str, Any]) -> dict[str, Any]:
    return {id_: node["inputs"] for id_, node in convert(ui, OBJECT_INFO).graph.items()}


def warnings_of(ui: dict[str, Any]) -> list[tuple[str, str]]:
    return [(found.path, found.code) for found in convert(ui, OBJECT_INFO).warnings]


def problems_of(ui: dict[str, Any]) -> list[tuple[str, str]]:
    with pytest.raises(InvalidError) as caught:
        convert(ui, OBJECT_INFO)
    return [(found.path, found.code) for found in caught.value.errors]


PAIRS = [("SetNode", "GetNode"), ("easy setNode", "easy getNode"), ("GGSetNode", "GGGetNode")]


@pytest.mark.parametrize(("set_", "get"), PAIRS)
def test_a_get_node_gives_what_the_set_node_of_its_name_gets(set_: str, get: str) -> None:
    scale: dict[str, Any] = a_node(2, "Scale", image=1) | {"mode": 4}
    ui = a_file(
        a_node(1, "Make"),
        scale,
        a_node(3, set_, "picture", IMAGE=2),
        a_node(4, get, "picture"),
        a_node(5, "Show", images=3),
        links=[[1, 1, 0, 2, 0], [2, 2, 0, 3, 0], [3, 4, 0, 5, 0]],
    )

    assert inputs_of(ui) == {"1": {"width": 64}, "5": {"images": ["1", 0]}}
    assert warnings_of(ui) == []


def test_a_get_node_in_a_subgraph_finds_the_set_node_outside() -> None:
    inner = {
        "id": "s",
        "nodes": [a_node(1, "GetNode", "picture"), a_node(2, "Show", images=1)],
        "links": [{"id": 1, "origin_id": 1, "origin_slot": 0, "target_id": 2, "target_slot": 0}],
    }
    ui = a_file(
        a_node(7, "Make"),
        a_node(8, "SetNode", "picture", IMAGE=1),
        a_node(9, "s"),
        links=[[1, 7, 0, 8, 0]],
    )

    assert inputs_of(ui | {"definitions": {"subgraphs": [inner]}})["9:2"] == {"images": ["7", 0]}


def test_a_get_node_without_its_set_node_is_refused() -> None:
    ui = a_file(a_node(1, "GetNode", "x"), a_node(2, "Show", images=1), links=[[1, 1, 0, 2, 0]])

    assert problems_of(ui) == [("nodes.2.inputs.images", "dangling_link")]


def test_set_and_get_nodes_in_a_circle_are_refused() -> None:
    ui = a_file(
        a_node(1, "GetNode", "x"),
        a_node(2, "SetNode", "x", IMAGE=1),
        a_node(3, "Show", images=2),
        links=[[1, 1, 0, 2, 0], [2, 1, 0, 3, 0]],
    )

    assert problems_of(ui) == [("nodes.3.inputs.images", "cycle")]


def test_a_reroute_of_rgthree_passes_on() -> None:
    reroute = a_node(2, "Reroute (rgthree)")
    reroute["inputs"] = [{"name": "", "type": "*", "link": 1}]
    links = [[1, 1, 0, 2, 0], [2, 2, 0, 3, 0]]
    ui = a_file(a_node(1, "Make"), reroute, a_node(3, "Show", images=2), links=links)

    assert inputs_of(ui)["3"] == {"images": ["1", 0]}


@pytest.mark.parametrize(
    "class_",
    ["Bookmark (rgthree)", "Label (rgthree)", "Fast Muter (rgthree)", "Fast Bypasser (rgthree)"],
)
def test_what_only_controls_the_editor_is_left_out_with_a_warning(class_: str) -> None:
    muted = a_node(2, "Make") | {"mode": 2}
    switch = a_node(24, class_, False, Make=1)
    ui = a_file(a_node(1, "Make"), muted, switch, links=[[1, 2, 0, 24, 0]])

    assert inputs_of(ui) == {"1": {"width": 64}}
    assert warnings_of(ui) == [("nodes.24", "left_out")]


def test_a_note_needs_no_warning() -> None:
    assert warnings_of(a_file(a_node(1, "Note", "Hi"), a_node(2, "MarkdownNote", "# Hi"))) == []


@pytest.mark.parametrize(("mode", "is_refused"), [(0, False), (2, True)])
def test_a_choice_at_random_is_refused_unless_it_is_made(mode: int, is_refused: bool) -> None:
    choice = a_node(24, "Random Unmuter (rgthree)", one=1)
    ui = a_file(a_node(1, "Make") | {"mode": mode}, choice, links=[[1, 1, 0, 24, 0]])

    if is_refused:
        assert problems_of(ui) == [("nodes.24", "editor_only")]
    else:
        assert warnings_of(ui) == [("nodes.24", "left_out")]


def everywhere(**extra: Any) -> dict[str, Any]:
    """A picture that "Anything Everywhere" sends to graph node 3, as the pack has noted."""
    show = a_node(3, "Show")
    show["inputs"] = [{"name": "images", "type": "IMAGE", "link": None}]
    sender = a_node(2, "Anything Everywhere", anything=1)
    return a_file(a_node(1, "Make"), sender, show, links=[[1, 1, 0, 2, 0]]) | {"extra": extra}


def test_links_of_anything_everywhere_are_made() -> None:
    link = {"controller": 2, "upstream": "1", "upstream_slot": 0, "type": "IMAGE"}
    ui = everywhere(ue_links=[link | {"downstream": 3, "downstream_slot": 0}])

    assert inputs_of(ui) == {"1": {"width": 64}, "3": {"images": ["1", 0]}}


def test_a_link_of_anything_everywhere_finds_its_input_in_a_shorter_list() -> None:
    link = {"controller": 2, "upstream": "1", "upstream_slot": 0, "type": "IMAGE"}
    ui = everywhere(ue_links=[link | {"downstream": 3, "downstream_slot": 4}])

    assert inputs_of(ui)["3"] == {"images": ["1", 0]}


def test_anything_everywhere_without_noted_links_is_refused() -> None:
    assert problems_of(everywhere()) == [("nodes.2", "editor_only")]


def test_a_noted_link_to_nothing_is_refused() -> None:
    link = {"controller": 2, "upstream": "1", "upstream_slot": 0, "type": "IMAGE"}
    ui = everywhere(ue_links=[link | {"downstream": 30, "downstream_slot": 0}])

    assert problems_of(ui) == [("extra.ue_links", "dangling_link")]

"""Group nodes: what is inside runs under the group's id."""

from typing import Any

from workflows import to_api

SIZES: dict[str, Any] = {"width": ["INT", {"default": 8}], "height": ["INT", {"default": 8}]}
OBJECT_INFO: dict[str, Any] = {
    "Make": {"input": {"required": SIZES}, "output": ["IMAGE"]},
    "Scale": {"input": {"required": {"image": ["IMAGE", {}], **SIZES}}, "output": ["IMAGE"]},
    "Save": {"input": {"required": {"images": ["IMAGE", {}]}}, "output": []},
}
SCALE = {
    "type": "Scale",
    "inputs": [{"name": "image", "type": "IMAGE", "link": 99}],
    "outputs": [{"type": "IMAGE", "links": [98]}],
    "widgets_values": [1, 2],
}
TWICE = {"nodes": [SCALE, SCALE], "links": [[0, 0, 1, 0, 1, "IMAGE"]], "external": []}


def a_file(*, group: dict[str, Any], mode: int = 0, **more: Any) -> dict[str, Any]:
    """Make → a group node of two Scales → Save."""
    node = {"id": 2, "type": "workflow>Twice", "mode": mode, "widgets_values": [3, 4, 5, 6]}
    node |= {"inputs": [{"name": "image", "type": "IMAGE", "link": 1}], **more}
    return {
        "nodes": [
            {"id": 1, "type": "Make"},
            node,
            {"id": 3, "type": "Save", "inputs": [{"name": "images", "type": "IMAGE", "link": 2}]},
            {"id": 4, "type": "Make", "widgets_values": [7, 7]},
        ],
        "links": [
            [1, 1, 0, 2, 0, "IMAGE"],
            [2, 2, 0, 3, 0, "IMAGE"],
            [3, 4, 0, 2, 1, "INT"],
        ],
        "extra": {"groupNodes": {"Twice": group}},
    }


def test_the_values_of_a_group_are_dealt_to_what_is_inside() -> None:
    api = to_api(a_file(group=TWICE), OBJECT_INFO)

    assert api["2:0"]["inputs"] == {"width": 3, "height": 4, "image": ["1", 0]}
    assert api["2:1"]["inputs"] == {"width": 5, "height": 6, "image": ["2:0", 0]}
    assert api["3"]["inputs"] == {"images": ["2:1", 0]}


def test_a_widget_of_a_group_can_be_linked_by_its_unique_name() -> None:
    inputs = [
        {"name": "image", "type": "IMAGE", "link": 1},
        {"name": "Scale height", "type": "INT", "link": 3, "widget": {"name": "Scale height"}},
    ]
    api = to_api(a_file(group=TWICE, inputs=inputs), OBJECT_INFO)

    assert api["2:0"]["inputs"]["height"] == 4
    assert api["2:1"]["inputs"]["height"] == ["4", 0]


def test_a_bypassed_group_passes_on_what_it_gets() -> None:
    api = to_api(a_file(group=TWICE, mode=4), OBJECT_INFO)

    assert api["3"]["inputs"] == {"images": ["1", 0]}
    assert not [id_ for id_ in api if id_.startswith("2:")]


def test_a_reroute_inside_a_group_vanishes() -> None:
    reroute = {
        "type": "Reroute",
        "inputs": [{"name": "", "type": "*", "link": None}],
        "outputs": [{"type": "IMAGE"}],
    }
    group = {"nodes": [SCALE, reroute], "links": [[0, 0, 1, 0, 1, "IMAGE"]], "external": []}

    api = to_api(a_file(group=group), OBJECT_INFO)
    assert api["3"]["inputs"] == {"images": ["2:0", 0]}

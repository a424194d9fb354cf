"""Rules of the editor that no recorded workflow shows."""

from typing import Any

import pytest

from contracts.errors import InvalidError
from workflows import to_api

from .saved import a_file, a_node

GROWING: dict[str, Any] = {
    "input": {"required": {"image": ["IMAGE", {}]}},
    "prefix": "image",
    "min": 2,
    "max": 50,
}
ROW: dict[str, Any] = {"required": {"name": ["STRING", {}], "image": ["IMAGE", {}]}}
OBJECT_INFO: dict[str, Any] = {
    "Make": {"input": {"required": {"width": ["INT", {"default": 64}]}}, "output": ["IMAGE"]},
    "SaveImage": {
        "input": {
            "required": {
                "images": ["IMAGE", {}],
                "filename_prefix": ["STRING", {"default": "ComfyUI"}],
            }
        },
        "output": [],
    },
    "Prompt": {
        "input": {"required": {"text": ["STRING", {"multiline": True, "dynamicPrompts": True}]}},
        "output": ["STRING"],
    },
    "Batch": {
        "input": {"required": {"images": ["COMFY_AUTOGROW_V3", {"template": GROWING}]}},
        "output": ["IMAGE"],
    },
    "LoadImage": {
        "input": {"required": {"image": [["a.png", "b.png"], {"image_upload": True}]}},
        "output": ["IMAGE", "MASK"],
    },
    "LoadAudio": {
        "input": {"required": {"audio": ["COMBO", {"options": [], "audio_upload": True}]}},
        "output": ["AUDIO"],
    },
    "Load3D": {
        "input": {"required": {"model_file": [["m.glb"], {}], "image": ["LOAD_3D", {}]}},
        "output": ["IMAGE"],
    },
    "Save3DAdvanced": {
        "input": {"required": {"viewport_state": ["LOAD_3D", {}], "width": ["INT", {}]}},
        "output": [],
    },
    "Rows": {
        "input": {
            "required": {
                "rows": ["COMFY_DYNAMICGROUP_V3", {"min": 1, "max": 9, "template": ROW}],
                "last": ["INT", {"default": 0}],
            }
        },
        "output": [],
    },
    "ByName": {
        "input": {"required": {"rate": ["INT", {"default": 8}], "loop": ["BOOLEAN", {}]}},
        "output": ["IMAGE"],
        "python_module": "custom_nodes.video",
    },
}


def inputs_of(node: dict[str, Any]) -> dict[str, Any]:
    return to_api(a_file(node), OBJECT_INFO)[str(node["id"])]["inputs"]


def problems_of(ui: dict[str, Any]) -> list[tuple[str, str]]:
    with pytest.raises(InvalidError) as caught:
        to_api(ui, OBJECT_INFO)
    return [(error.path, error.code) for error in caught.value.errors]


def test_a_gap_in_a_growing_list_stays_a_gap() -> None:
    batch = a_node(3, "Batch", images__image7=2, images__image10=3, images__image2=1)
    links = [[1, 1, 0, 3, 0, "IMAGE"], [2, 2, 0, 3, 1, "IMAGE"], [3, 4, 0, 3, 2, "IMAGE"]]
    makers = [a_node(id_, "Make") for id_ in (1, 2, 4)]

    api = to_api(a_file(*makers, batch, links=links), OBJECT_INFO)
    assert api["3"]["inputs"] == {
        "images.image7": ["2", 0],
        "images.image10": ["4", 0],
        "images.image2": ["1", 0],
    }


@pytest.mark.parametrize(
    ("written", "sent"),
    [
        ("a {red|blue} cat", "a red cat"),
        ("{a {b|c}|d} e|f", "a b e|f"),
        (r"\{a\|b\} \n", r"{a|b} \n"),
        ("a /* not\nthis */b // nor this\nc", "a b \nc"),
        ("open {a|b", "open a"),
        ("/* open // and closed\nx", "/* open \nx"),
        ("a } b", "a } b"),
    ],
)
def test_of_a_dynamic_prompt_the_first_choice_is_taken(written: str, sent: str) -> None:
    assert inputs_of(a_node(1, "Prompt", written)) == {"text": sent}


@pytest.mark.parametrize(
    ("written", "sent"),
    [
        ("%Make.width%px", "96px"),
        ("%Sizes.width%", "96"),
        ("%Make.depth% %Nobody.width% 100%", "%Make.depth% %Nobody.width% 100%"),
        ("%Prompt.text%", "a_b_c"),
        ("%date:yyyy-MM-dd%/x", "%year%-%month%-%day%/x"),
    ],
)
def test_a_file_name_takes_values_of_other_graph_nodes(written: str, sent: str) -> None:
    make = {**a_node(1, "Make", 96), "title": "Sizes"}
    save = a_node(3, "SaveImage", written)

    api = to_api(a_file(make, a_node(2, "Prompt", "a/b:c"), save), OBJECT_INFO)
    assert api["3"]["inputs"] == {"filename_prefix": sent}


@pytest.mark.parametrize(
    ("saved", "sent"),
    [
        ("c.png", "c.png"),
        ({"filename": "x.png"}, {"filename": "x.png"}),
        (["y.png", "z.png"], {"__value__": ["y.png", "z.png"]}),
        ("", ""),
        (None, "a.png"),
    ],
)
def test_an_upload_is_sent_as_it_is_saved(saved: Any, sent: Any) -> None:
    assert inputs_of(a_node(1, "LoadImage", saved, "image")) == {"image": sent}


def test_the_player_of_an_audio_input_takes_no_value() -> None:
    assert inputs_of(a_node(1, "LoadAudio", "x.mp3", None)) == {"audio": "x.mp3"}


def test_a_3d_view_that_makes_no_picture_sends_its_camera() -> None:
    node = a_node(1, "Save3DAdvanced", "", 640)
    node["properties"] = {"Camera Config": {"state": {"zoom": 2}}}

    inputs = inputs_of(node)
    assert inputs["width"] == 640
    assert (inputs["viewport_state"]["image"], inputs["viewport_state"]["camera_info"]) == (
        "",
        {"zoom": 2},
    )


def test_the_rows_of_a_group_take_the_next_values() -> None:
    rows = a_node(3, "Rows", 2, "one", "two", 7, rows__1__image=1)

    api = to_api(a_file(a_node(1, "Make"), rows, links=[[1, 1, 0, 3, 0, "IMAGE"]]), OBJECT_INFO)
    assert api["3"]["inputs"] == {
        "rows.0.name": "one",
        "rows.1.name": "two",
        "rows.1.image": ["1", 0],
        "last": 7,
    }


def test_values_saved_by_name_survive_a_class_that_changed() -> None:
    node = a_node(1, "Make", "gone", 64) | {"widgets_values_named": {"old": "gone", "width": 64}}

    assert inputs_of(node) == {"width": 64}


def test_a_custom_class_may_save_its_values_as_an_object() -> None:
    node = a_node(1, "ByName") | {"widgets_values": {"loop": True, "preview": None}}

    assert inputs_of(node) == {"rate": 8, "loop": True}


def test_what_the_browser_makes_cannot_be_converted() -> None:
    assert problems_of(a_file(a_node(7, "Load3D", "m.glb"))) == [
        ("nodes.7.inputs.image", "browser_only")
    ]


def test_every_class_that_the_fleet_lacks_is_named() -> None:
    definition = {"id": "s", "nodes": [a_node(5, "Deep")], "links": []}
    ui = a_file(a_node(1, "One"), a_node(2, "s"), a_node(3, "Off") | {"mode": 2})

    assert problems_of(ui | {"definitions": {"subgraphs": [definition]}}) == [
        ("nodes.1", "unknown_class"),
        ("nodes.2:5", "unknown_class"),
    ]


def test_a_bypassed_class_that_the_fleet_lacks_passes_on_what_it_gets() -> None:
    foreign = {
        "id": 2,
        "type": "Foreign",
        "mode": 4,
        "inputs": [{"name": "image", "type": "IMAGE", "link": 1}],
        "outputs": [{"name": "IMAGE", "type": "IMAGE"}],
    }
    links = [[1, 1, 0, 2, 0, "IMAGE"], [2, 2, 0, 3, 0, "IMAGE"]]
    ui = a_file(a_node(1, "Make"), foreign, a_node(3, "SaveImage", "x", images=2), links=links)

    assert to_api(ui, OBJECT_INFO)["3"]["inputs"]["images"] == ["1", 0]


def test_a_subgraph_without_its_definition_is_named() -> None:
    missing = a_node(4, "0d70aa96-406a-591e-bc57-defd67831cfd")

    with pytest.raises(InvalidError, match="definition of this subgraph"):
        to_api(a_file(missing), OBJECT_INFO)


def test_a_primitive_may_name_values_of_other_graph_nodes() -> None:
    primitive = a_node(9, "PrimitiveNode", "%Make.width%px")
    primitive["properties"] = {"Run widget replace on values": True}
    save = a_node(3, "SaveImage", "x", filename_prefix=1)
    ui = a_file(primitive, a_node(1, "Make", 96), save, links=[[1, 9, 0, 3, 1, "STRING"]])

    assert to_api(ui, OBJECT_INFO)["3"]["inputs"] == {"filename_prefix": "96px"}

"""Widgets and values that only the scripts of packs know are kept, or their loss is told."""

from typing import Any

import pytest

from contracts.errors import InvalidError
from workflows.convert import convert

from .saved import a_file, a_node

FORMATS = {
    "video/h264-mp4": [
        ["pix_fmt", ["yuv420p", "yuv420p10le"]],
        ["crf", "INT", {"default": 19, "min": 0, "max": 100}],
    ],
    "image/webp": [["lossless", "BOOLEAN", {"default": True}]],
}
OBJECT_INFO: dict[str, Any] = {
    "Power Lora Loader (rgthree)": {
        "input": {"optional": {"model": ["MODEL"], "clip": ["CLIP"]}},
        "output": ["MODEL", "CLIP"],
        "python_module": "custom_nodes.rgthree-comfy",
    },
    "Power Primitive (rgthree)": {
        "input": {"optional": {}},
        "output": ["*"],
        "python_module": "custom_nodes.rgthree-comfy",
    },
    "VHS_VideoCombine": {
        "input": {
            "required": {
                "frame_rate": ["FLOAT", {"default": 8}],
                "loop_count": ["INT", {"default": 0}],
                "filename_prefix": ["STRING", {"default": "AnimateDiff"}],
                "format": [["image/webp", "video/h264-mp4"], {"formats": FORMATS}],
                "pingpong": ["BOOLEAN", {"default": False}],
                "save_output": ["BOOLEAN", {"default": True}],
            }
        },
        "output": [],
        "python_module": "custom_nodes.comfyui-videohelpersuite",
    },
    "VHS_LoadVideo": {
        "input": {
            "required": {
                "video": [["a.mp4"], {}],
                "custom_width": ["INT", {"default": 0}],
                "custom_height": ["INT", {"default": 0}],
            }
        },
        "output": ["IMAGE"],
        "python_module": "custom_nodes.comfyui-videohelpersuite",
    },
    "Loader": {
        "input": {"required": {"strength": ["FLOAT", {"default": 1}]}},
        "output": ["MODEL"],
        "python_module": "custom_nodes.some-pack",
    },
    "PreviewAny": {"input": {"required": {"source": ["*", {}]}}, "output": []},
}


def inputs_of(node: dict[str, Any]) -> dict[str, Any]:
    return convert(a_file(node), OBJECT_INFO).graph[str(node["id"])]["inputs"]


def warnings_of(node: dict[str, Any]) -> list[tuple[str, str]]:
    found = convert(a_file(node), OBJECT_INFO).warnings
    return [(warning.path, warning.code) for warning in found]


def power_loras(**properties: Any) -> dict[str, Any]:
    ink = {"on": True, "lora": "styles/ink.safetensors", "strength": 0.8, "strengthTwo": None}
    off = {"on": False, "lora": "b.safetensors", "strength": 1, "strengthTwo": 0.5}
    header = {"type": "PowerLoraLoaderHeaderWidget"}
    node = a_node(2, "Power Lora Loader (rgthree)", {}, header, ink, off, {}, "")
    return node | {"properties": properties}


def test_a_power_lora_loader_keeps_its_loras() -> None:
    assert inputs_of(power_loras(**{"Show Strengths": "Single Strength"})) == {
        "lora_1": {"on": True, "lora": "styles/ink.safetensors", "strength": 0.8},
        "lora_2": {"on": False, "lora": "b.safetensors", "strength": 1},
    }
    assert warnings_of(power_loras()) == []


def test_a_power_lora_loader_keeps_both_strengths_if_it_shows_both() -> None:
    inputs = inputs_of(power_loras(**{"Show Strengths": "Separate Model & Clip"}))

    assert [lora["strengthTwo"] for lora in inputs.values()] == [1, 0.5]


def test_widgets_that_a_script_makes_are_sent_by_name() -> None:
    node = a_node(1, "Power Primitive (rgthree)", "INT", 7)

    assert inputs_of(node) == {"type": "INT", "value": 7}


def test_a_video_keeps_the_settings_of_its_format() -> None:
    values = {"frame_rate": 8, "format": "video/h264-mp4", "crf": 23, "pix_fmt": "yuv420p10le"}
    preview = {"videopreview": {"hidden": False, "params": {"filename": "x.mp4"}}}
    node = a_node(2, "VHS_VideoCombine") | {"widgets_values": values | preview}

    inputs = inputs_of(node)
    assert (inputs["crf"], inputs["pix_fmt"]) == (23, "yuv420p10le")
    assert warnings_of(node) == []


def test_a_format_brings_its_defaults_and_an_old_name_counts() -> None:
    values = {"format": "video/h264-mp4", "save_image": False}
    inputs = inputs_of(a_node(2, "VHS_VideoCombine") | {"widgets_values": values})

    assert inputs == {
        "frame_rate": 8,
        "loop_count": 0,
        "filename_prefix": "AnimateDiff",
        "format": "video/h264-mp4",
        "pix_fmt": "yuv420p",
        "crf": 19,
        "pingpong": False,
        "save_output": False,
    }


def test_an_old_list_of_a_video_has_names() -> None:
    inputs = inputs_of(a_node(2, "VHS_VideoCombine", 12, 1, "clip", "image/webp", True, False))

    assert inputs == {
        "frame_rate": 12,
        "loop_count": 1,
        "filename_prefix": "clip",
        "format": "image/webp",
        "lossless": True,
        "pingpong": True,
        "save_output": False,
    }


@pytest.mark.parametrize(
    ("size", "sent"),
    [
        ("512x?", (512, 0)),
        ("?x256", (0, 256)),
        ("Custom Width", (3, 0)),
        ("Custom Height", (0, 4)),
        ("Disabled", (0, 0)),
        ("9" * 5_000 + "x?", (3, 4)),
    ],
)
def test_an_old_size_of_a_video_becomes_width_and_height(size: str, sent: tuple[int, int]) -> None:
    values = {"video": "a.mp4", "force_size": size, "custom_width": 3, "custom_height": 4}
    inputs = inputs_of(a_node(1, "VHS_LoadVideo") | {"widgets_values": values})

    assert (inputs["custom_width"], inputs["custom_height"]) == sent


def test_a_value_that_no_input_takes_is_told() -> None:
    assert warnings_of(a_node(3, "Loader", 0.5, None, "", "fast")) == [
        ("nodes.3.widgets_values.3", "left_over")
    ]


@pytest.mark.parametrize("value", [0, 0.0, -1, True, [0], {"on": False}])
def test_zero_is_a_value_whose_loss_is_told(value: Any) -> None:
    assert warnings_of(a_node(3, "Loader", 0.5, value)) == [
        ("nodes.3.widgets_values.1", "left_over")
    ]


@pytest.mark.parametrize("value", [None, False, "", [], {}])
def test_nothing_is_no_loss(value: Any) -> None:
    assert warnings_of(a_node(3, "Loader", 0.5, value)) == []


def test_a_named_value_that_no_input_takes_is_told() -> None:
    node = a_node(3, "Loader") | {"widgets_values": {"strength": 1, "mode": "fast"}}

    assert warnings_of(node) == [("nodes.3.widgets_values.mode", "left_over")]


@pytest.mark.parametrize("value", ["a.safetensors", {"on": True, "lora": "x/a.safetensors"}])
def test_a_model_that_no_input_takes_is_refused(value: Any) -> None:
    with pytest.raises(InvalidError) as caught:
        convert(a_file(a_node(3, "Loader", 0.5, value)), OBJECT_INFO)

    [error] = caught.value.errors
    assert (error.path, error.code) == ("nodes.3.widgets_values.1", "left_over")


def test_what_a_preview_showed_last_is_no_loss() -> None:
    assert warnings_of(a_node(3, "PreviewAny", "# text", "# text", True)) == []


def test_a_link_to_an_input_that_the_class_lacks_is_told() -> None:
    loader = a_node(3, "Loader", 1)
    loader["inputs"] = [{"name": "gone", "type": "INT", "link": 1, "widget": {"name": "gone"}}]
    ui = a_file(a_node(1, "Power Primitive (rgthree)", "INT", 7), loader, links=[[1, 1, 0, 3, 0]])

    found = [(warning.path, warning.code) for warning in convert(ui, OBJECT_INFO).warnings]
    assert found == [("nodes.3.inputs.gone", "left_over")]

from typing import Any

import pytest

from contracts.errors import InvalidError
from workflows import seal

SAVE: dict[str, Any] = {
    "class_type": "SaveImage",
    "inputs": {"images": ["1", 0], "filename_prefix": "../../x"},
}
EMPTY: dict[str, Any] = {"class_type": "EmptyImage", "inputs": {"width": 8}}


def a_graph(**nodes: dict[str, Any]) -> dict[str, Any]:
    return {"1": EMPTY, **{id_.strip("_"): node for id_, node in nodes.items()}}


def test_every_output_goes_under_the_prefix_of_the_attempt() -> None:
    sealed = seal(a_graph(_2=SAVE, _3=SAVE), "cf/a7")

    assert sealed["2"]["inputs"]["filename_prefix"] == "cf/a7/2"
    assert sealed["3"]["inputs"]["filename_prefix"] == "cf/a7/3"


def test_a_strange_id_of_a_graph_node_cannot_leave_the_prefix() -> None:
    sealed = seal({"1": EMPTY, "../../x": SAVE}, "cf/a7")

    assert sealed["../../x"]["inputs"]["filename_prefix"] == "cf/a7/n1"


def test_an_output_without_a_prefix_differs_between_attempts() -> None:
    graph = a_graph(_2={"class_type": "PreviewImage", "inputs": {"images": ["1", 0]}})

    assert seal(graph, "cf/a")["2"] != seal(graph, "cf/b")["2"]
    assert seal(graph, "cf/a")["1"] == seal(graph, "cf/b")["1"] == EMPTY


def test_an_input_that_links_to_nothing_is_dropped() -> None:
    node = {"class_type": "SaveImage", "inputs": {"images": ["1", 0], "left_over": ["77", 0]}}

    assert "left_over" not in seal(a_graph(_2=node), "cf/a")["2"]["inputs"]


def test_the_graph_itself_is_not_changed() -> None:
    graph = a_graph(_2=SAVE)

    seal(graph, "cf/a")

    assert graph == a_graph(_2=SAVE)
    assert SAVE["inputs"]["filename_prefix"] == "../../x"


@pytest.mark.parametrize(
    ("class_", "name", "value"),
    [
        ("LoadImage", "image", "/etc/hostname"),
        ("LoadImage", "image", "../../secret.png"),
        ("LoadImage", "image", "cf/other/9_00001_.png [output]"),
        ("LoadImage", "image", "C:\\secret.png"),
        ("LoadImage", "image", ["1", 0]),
        ("LoadImage", "image", {"__value__": "/etc/hostname"}),
        ("LoraLoader", "lora_name", "../x.safetensors"),
        ("SomebodysLoader", "video_path", "/etc/hostname"),
        ("SomebodysLoader", "directory", {"__value__": "~/x"}),
        ("SomebodysLoader", "file", ["..", "/x"]),
    ],
)
def test_a_file_name_that_leaves_its_folder_is_refused(class_: str, name: str, value: Any) -> None:
    with pytest.raises(InvalidError) as caught:
        seal(a_graph(_2={"class_type": class_, "inputs": {name: value}}), "cf/a")

    assert [error.path for error in caught.value.errors] == [f"graph.2.inputs.{name}"]


def test_a_deep_value_is_looked_through_to_the_bottom() -> None:
    value: Any = "/etc/hostname"
    for _ in range(5_000):
        value = {"x": value}

    with pytest.raises(InvalidError):
        seal(a_graph(_2={"class_type": "SomebodysLoader", "inputs": {"file": value}}), "cf/a")


def test_a_text_may_hold_any_path() -> None:
    node = {"class_type": "CLIPTextEncode", "inputs": {"text": "/imagine ../.. [output]"}}

    assert seal(a_graph(_2=node), "cf/a")["2"]["inputs"]["text"] == "/imagine ../.. [output]"

from typing import Any

import pytest

from node_agent.engines.comfyui.outputs import ComfyFile, ComfyText, OutputSource, results

PREFIX = "cf/attempt"


def a_file(name: str = "9_00001_.png", folder: str = "output", subfolder: str = PREFIX) -> Any:
    return {"filename": name, "subfolder": subfolder, "type": folder}


def names(produced: dict[str, Any], *wanted: OutputSource) -> list[str]:
    found = results(wanted, produced, {}, PREFIX)
    return [result.filename for result in found if isinstance(result, ComfyFile)]


def test_results_come_in_the_order_of_the_spec_whatever_their_key() -> None:
    produced = {
        "2": {"gifs": [a_file("a.mp4")], "any": [{"a": 1}], "animated": [True]},
        "1": {"images": [a_file("b.png"), a_file("c.png", subfolder=f"{PREFIX}/deep")]},
        "5": {"images": [a_file("not-wanted.png")]},
    }
    wanted = OutputSource("pictures", "1", "image"), OutputSource("film", "2", "video")

    assert names(produced, *wanted) == ["b.png", "c.png", "a.mp4"]


@pytest.mark.parametrize(
    "entry",
    [
        a_file(subfolder="cf/other"),
        a_file(subfolder="cf/attempt2"),
        a_file(subfolder=f"{PREFIX}/../other"),
        a_file(subfolder=""),
        a_file(name="../x.png"),
        a_file(name="..\\x.png"),
        a_file(folder="input"),
        a_file(folder="temp", subfolder="elsewhere"),
        {"filename": 3, "type": "output"},
    ],
)
def test_what_is_not_the_attempts_own_is_left(entry: dict[str, Any]) -> None:
    assert names({"1": {"images": [entry]}}, OutputSource("x", "1", "image")) == []


def test_a_preview_lies_in_the_temp_folder_itself() -> None:
    produced = {"1": {"images": [a_file("ComfyUI_temp_abcde_00001_.png", "temp", "")]}}

    assert names(produced, OutputSource("x", "1", "image")) == ["ComfyUI_temp_abcde_00001_.png"]


def test_texts_count_where_texts_are_wanted() -> None:
    produced = {"1": {"text": ["hello", "wörld"]}}

    assert results([OutputSource("t", "1", "text")], produced, {}, PREFIX) == [
        ComfyText("t", 0, "text", "0.txt", "hello", content_type="text/plain"),
        ComfyText("t", 1, "text", "1.txt", "wörld", content_type="text/plain"),
    ]
    assert results([OutputSource("t", "1", "image")], produced, {}, PREFIX) == []


def test_what_a_graph_node_expanded_into_counts_as_its_own() -> None:
    produced = {"2.0.0.1": {"images": [a_file()]}}
    meta = {"2.0.0.1": {"display_node": "2"}}

    assert len(results([OutputSource("x", "2", "image")], produced, meta, PREFIX)) == 1

from typing import Any

import pytest

from node_agent.engines.comfyui.outputs import (
    ComfyFile,
    ComfyText,
    OutputSource,
    results,
    sources,
)
from node_agent.engines.comfyui.outputs_ownership import Ownership
from workflows import Spec

PREFIX = "cf/attempt"
OWN = Ownership(PREFIX, 1_000.0, 5.0)


def a_file(name: str = "9_00001_.png", folder: str = "output", subfolder: str = PREFIX) -> Any:
    return {"filename": name, "subfolder": subfolder, "type": folder}


def names(produced: dict[str, Any], *wanted: OutputSource) -> list[str]:
    found = results(wanted, produced, {}, OWN.is_placed)
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

    assert results([OutputSource("t", "1", "text")], produced, {}, OWN.is_placed) == [
        ComfyText("t", 0, "text", "0.txt", "hello", content_type="text/plain"),
        ComfyText("t", 1, "text", "1.txt", "wörld", content_type="text/plain"),
    ]
    assert results([OutputSource("t", "1", "image")], produced, {}, OWN.is_placed) == []


def texts(report: dict[str, Any]) -> list[str]:
    found = results([OutputSource("t", "1", "text")], {"1": report}, {}, OWN.is_placed)
    return [result.text for result in found if isinstance(result, ComfyText)]


def test_texts_are_found_however_a_graph_node_reports_them() -> None:
    assert texts({"text": "hello"}) == ["hello"]
    assert texts({"text": [["a", "b"], "c"]}) == ["a", "b", "c"]
    assert texts({"tags": ["1girl, door"], "count": [3]}) == ["1girl, door"]
    assert texts({"text": ["caption"], "debug": ["noise"]}) == ["caption"]
    assert texts({"images": [a_file()], "note": {"value": "x"}}) == ["x"]


def test_a_text_that_is_saved_as_a_file_too_counts_once() -> None:
    report = {"text": ["hello"], "files": [a_file("t_00001_.txt")], "images": [a_file()]}

    assert texts(report) == []
    assert names({"1": report}, OutputSource("t", "1", "text")) == ["t_00001_.txt"]


def test_files_are_found_at_any_depth() -> None:
    produced = {"1": {"ui": {"images": [[a_file("a.png")], {"more": a_file("b.png")}]}}}

    assert names(produced, OutputSource("x", "1", "image")) == ["a.png", "b.png"]


@pytest.mark.parametrize("path", [f"{PREFIX}/9/chair.glb", f"{PREFIX}\\9\\chair.glb [output]"])
def test_a_model_that_is_named_by_its_path_is_found(path: str) -> None:
    produced = {"1": {"result": [path, {"position": [0, 0]}, "temp/bg.png"]}}

    assert names(produced, OutputSource("x", "1", "3d")) == ["chair.glb"]


def test_a_file_below_a_savers_own_folder_is_the_attempts_own() -> None:
    produced = {"1": {"images": [a_file(subfolder=f"2026-11-29/{PREFIX}/9")]}}

    assert names(produced, OutputSource("x", "1", "image")) == ["9_00001_.png"]


def test_what_a_graph_node_expanded_into_counts_as_its_own() -> None:
    produced = {"2.0.0.1": {"images": [a_file()]}}
    meta = {"2.0.0.1": {"display_node": "2"}}

    assert len(results([OutputSource("x", "2", "image")], produced, meta, OWN.is_placed)) == 1


def test_a_text_that_is_saved_and_shown_is_one_result() -> None:
    produced = {"2": {"text": ["hello"], "files": [a_file("x_00001.txt")]}}  # SaveText of 0.33

    assert names(produced, OutputSource("t", "2", "text")) == ["x_00001.txt"]
    for kind in ("text", None):
        assert len(results([OutputSource("t", "2", kind)], produced, {}, OWN.is_placed)) == 1


def test_without_declared_outputs_previews_in_the_middle_of_a_graph_are_no_results() -> None:
    spec = Spec.model_validate(
        {"spec": "comfyfleet/v1", "name": "x", "title": "X", "category": "image"}
    )
    shown = {"images": [a_file("crop_temp_00001_.png", "temp", "")]}
    saved = {"images": [a_file()]}

    assert [found.graph_node for found in sources(spec, {"3": shown, "9": saved})] == ["9"]
    assert [found.graph_node for found in sources(spec, {"3": shown})] == ["3"]
    assert [found.graph_node for found in sources(spec, {"3": {"text": ["a"]}, "9": saved})] == [
        "3",
        "9",
    ]

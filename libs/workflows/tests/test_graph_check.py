"""Graphs that ComfyUI's own editor made have no errors (tests/recordings/ui-to-api)."""

import json
from pathlib import Path
from typing import Any

import pytest

from workflows.compatibility.graph_check import graph_errors

RECORDED = Path(__file__).parents[3] / "tests" / "recordings" / "ui-to-api"
OBJECT_INFO = json.loads((RECORDED / "object_info.json").read_text())


def conversions() -> list[Any]:
    cases = [json.loads(path.read_text()) for path in sorted(RECORDED.glob("*.json"))]
    return [pytest.param(case["api"], id=case["name"]) for case in cases if case.get("api")]


@pytest.mark.parametrize("graph", conversions())
def test_what_the_editor_made_has_links_and_values_where_they_belong(graph: dict[str, Any]) -> None:
    codes = {error.code for error in graph_errors(graph, OBJECT_INFO)}

    # the hand-made cases do lack inputs, and hold values that no server offers
    assert codes <= {"missing", "not_a_choice", "out_of_range"}


def test_a_widget_of_a_custom_type_is_no_link() -> None:
    info: dict[str, Any] = {"A": {"input": {"required": {"audio": ["AUDIO_RECORD", {}]}}}}
    graph = {"1": {"class_type": "A", "inputs": {"audio": "voice.webm"}}}

    assert graph_errors(graph, info) == []

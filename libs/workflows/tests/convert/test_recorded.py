"""Conversions equal those of ComfyUI's own editor (tests/recordings/ui-to-api)."""

import json
from pathlib import Path
from typing import Any, cast

import pytest

from contracts.errors import InvalidError
from workflows.convert import is_save_format, to_api

RECORDED = Path(__file__).parents[4] / "tests" / "recordings" / "ui-to-api"
OBJECT_INFO = json.loads((RECORDED / "object_info.json").read_text())
CASES = sorted(path.stem for path in RECORDED.glob("*.json") if path.stem != "object_info")


def comparable(value: Any) -> Any:
    """Numbers are compared as the browser has them, doubles; titles do not count."""
    if isinstance(value, dict):
        entries = cast("dict[str, Any]", value).items()
        return {key: comparable(entry) for key, entry in entries if key != "_meta"}
    if isinstance(value, list):
        return [comparable(entry) for entry in cast("list[Any]", value)]
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if is_number else value


def told(graph: Any) -> str:
    """Return the graph as text: in Python, true would equal 1."""
    return json.dumps(comparable(graph), sort_keys=True)


@pytest.mark.parametrize("name", CASES)
def test_a_saved_workflow_becomes_what_the_editor_makes_of_it(name: str) -> None:
    case = json.loads((RECORDED / f"{name}.json").read_text())
    assert is_save_format(case["ui"])

    if case["api"] is None:
        with pytest.raises(InvalidError):
            to_api(case["ui"], OBJECT_INFO)
        return

    wanted = [told(case[key]) for key in ("api", "api_alt") if key in case]
    assert told(to_api(case["ui"], OBJECT_INFO)) in wanted


def test_titles_are_the_editors() -> None:
    case = json.loads((RECORDED / "edge_titles.json").read_text())

    titles = {id_: node["_meta"] for id_, node in to_api(case["ui"], OBJECT_INFO).items()}
    assert titles == {id_: node["_meta"] for id_, node in case["api"].items()}


def test_a_graph_in_api_format_is_told_apart() -> None:
    case = json.loads((RECORDED / "edge_titles.json").read_text())

    assert not is_save_format(case["api"])
    with pytest.raises(InvalidError, match="save format"):
        to_api(case["api"], OBJECT_INFO)

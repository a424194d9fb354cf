"""`comfyfleet workflows` as a user runs it, against a small HTTP server that plays the fleet."""

import json
from pathlib import Path
from typing import Any

import pytest

from comfyfleet import CommandError
from comfyfleet.client.authoring import WorkflowRow
from comfyfleet.commands.workflows import summary, why_not
from comfyfleet.workflow_files import find, read, write
from contracts.registry.requests import CoverageView
from contracts.values import Unmet

from .conftest import Answer, Done, Script, comfyfleet

SPEC = "spec: comfyfleet/v1\nname: mine\ngraph: own.json\n"
GRAPH: dict[str, Any] = {"1": {"class_type": "SaveImage", "inputs": {}}}
NODE = {
    "node_id": "00000000-0000-0000-0000-000000000001",
    "name": "old",
    "phase": "ready",
    "is_described": True,
    "is_runnable": False,
    "unmet": [{"kind": "model", "name": "loras/film.safetensors", "message": "no"}],
}
COVERAGE = {"is_runnable": False, "nodes": [NODE]}


def folder(path: Path) -> Path:
    (path / "mine.yaml").write_text(SPEC)
    (path / "own.json").write_text(json.dumps(GRAPH))
    (path / "library.yaml").write_text("library: comfyfleet/v1")
    return path


def workflows(fleet: Script, *words: str) -> Done:
    return comfyfleet(fleet, "workflows", *words)


def body(value: Any) -> bytes:
    return json.dumps(value).encode()


def test_a_folder_is_pushed_and_it_says_who_cannot_run_it(fleet: Script, tmp_path: Path) -> None:
    view = {"name": "mine", "version": 3, "hash": "0", "is_new": True, "is_active": False}
    warning = {"path": "inputs.x.bind.0", "code": "out_of_range", "message": "1 to 8"}
    counts = {"warnings": [warning], "warning_count": 3}
    answer = {**view, "coverage": COVERAGE, **counts}
    fleet.on("POST /v1/workflows", body(answer))

    done = workflows(fleet, "push", str(folder(tmp_path)))

    assert done.stdout == (
        "mine@3 draft: no node can run it; old lacks loras/film.safetensors\n"
        "  inputs.x.bind.0: 1 to 8\n"
        "  … and 2 more\n"
    )
    assert len(fleet.requests) == 1
    sent = fleet.requests[0][2]
    assert b"name: mine" in sent
    assert b"SaveImage" in sent


def test_the_library_goes_along_with_a_spec_that_uses_it(fleet: Script, tmp_path: Path) -> None:
    view = {"name": "mine", "hash": "0", "version": None, "spec": {}, "coverage": COVERAGE}
    fleet.on("POST /v1/workflows/validate", body(view))
    spec = folder(tmp_path) / "mine.yaml"

    workflows(fleet, "validate", str(spec))
    spec.write_text(f"{SPEC}inputs: {{steps: {{use: steps, bind: []}}}}\n")
    workflows(fleet, "validate", str(spec))

    sent = [content for _, _, content in fleet.requests]
    assert [b"library: comfyfleet/v1" in content for content in sent] == [False, True]


def test_what_is_not_valid_is_named_and_ends_with_one(fleet: Script, tmp_path: Path) -> None:
    problem = {"detail": "not valid", "errors": [{"path": "inputs.x", "message": "odd"}]}
    fleet.on("POST /v1/workflows/validate", Answer(body(problem), 422))

    done = workflows(fleet, "validate", str(folder(tmp_path)))

    assert done.returncode == 1
    assert "inputs.x: odd" in done.stdout


def test_one_that_cannot_be_read_does_not_stop_the_others(fleet: Script, tmp_path: Path) -> None:
    view = {"name": "mine", "hash": "0", "version": None, "spec": {}, "coverage": COVERAGE}
    fleet.on("POST /v1/workflows/validate", body(view))
    (folder(tmp_path) / "broken.yaml").write_text("spec: [")

    done = workflows(fleet, "validate", str(tmp_path))

    assert done.returncode == 1
    assert "broken.yaml" in done.stdout
    assert "mine: valid" in done.stdout


def test_a_diff_names_each_place(fleet: Script, tmp_path: Path) -> None:
    change = {"path": "graph.1.inputs.steps", "kind": "changed", "before": 20, "after": 30}
    view = {"name": "mine", "hash": "0", "version": None, "spec": {}, "coverage": COVERAGE}
    fleet.on("POST /v1/workflows/validate", body({**view, "differences": [change]}))

    done = workflows(fleet, "diff", str(folder(tmp_path) / "mine.yaml"))

    assert done.stdout == "~ graph.1.inputs.steps: 20 → 30\n"


def test_two_versions_are_compared_from_the_first_to_the_second(fleet: Script) -> None:
    change = {"path": "spec.title", "kind": "added", "before": None, "after": "New"}
    answer = body({"differences": [change], "is_complete": False})
    fleet.on("GET /v1/workflows/mine/versions/3/diff?against=1", answer)
    fleet.on("GET /v1/workflows/mine/versions/3/diff", answer)

    done = workflows(fleet, "diff", "mine", "1", "3")
    alone = workflows(fleet, "diff", "mine", "3")
    many = workflows(fleet, "diff", "mine", "1", "2", "3")

    assert done.stdout == alone.stdout == "+ spec.title: 'New'\n… and more\n"
    assert "from, to" in many.stderr


def test_what_was_pulled_can_be_pushed(fleet: Script, tmp_path: Path) -> None:
    content = {"name": "mine", "version": 2, "hash": "0", "graph": GRAPH}
    spec = {"spec": "comfyfleet/v1", "name": "mine", "title": {"en": "ภาพ"}}
    fleet.on("GET /v1/workflows/mine/versions/2", body({**content, "spec": spec}))
    out = tmp_path / "out"

    done = workflows(fleet, "pull", "mine@2", "--out", str(out))
    again = workflows(fleet, "pull", "mine@2", "--out", str(out))

    assert done.returncode == 0, done.stderr
    [files] = map(read, find([out]))
    assert "ภาพ" in files.spec
    assert json.loads(files.graph) == GRAPH
    assert again.returncode == 1
    assert "--force" in again.stderr


def test_a_server_cannot_choose_where_files_are_written(tmp_path: Path) -> None:
    inside = tmp_path / "inside"

    paths = write(inside, "mine", {"graph": "../../outside.json"}, GRAPH, force=False)

    assert {path.parent for path in paths} == {inside}


def test_a_version_is_activated_and_needs_a_number(fleet: Script) -> None:
    fleet.on("POST /v1/workflows/mine/versions/2/activate", b"{}")

    assert workflows(fleet, "activate", "mine@2").stdout == "mine@2 active\n"
    assert "mine@1" in workflows(fleet, "activate", "mine").stderr


def test_the_list_says_why_one_cannot_run(fleet: Script) -> None:
    row = {"name": "mine", "active_version": 1, "versions": [1], "is_active": True, "source": "api"}
    rows = [
        {
            **row,
            "category": "image",
            "is_runnable": False,
            "unmet": [{"kind": "class", "name": "KSampler", "message": "no"}],
        }
    ]
    fleet.on("GET /v1/workflows", body({"items": rows}))

    fleet.on("GET /v1/workflows?category=video&is_active=false", body({"items": []}))

    assert "the nearest lacks KSampler" in workflows(fleet, "list").stdout
    some = workflows(fleet, "list", "--category", "video", "--no-active")
    assert "mine" not in some.stdout
    assert some.returncode == 0, some.stderr


def test_specs_of_a_folder_are_found_among_graphs_and_libraries(tmp_path: Path) -> None:
    folder(tmp_path)
    (tmp_path / "other.json").write_text(json.dumps({"spec": "comfyfleet/v1", "name": "other"}))
    (tmp_path / "third.yml").write_text("spec: comfyfleet/v1")
    (tmp_path / "other.graph.yaml").write_text("{}")

    assert [path.name for path in find([tmp_path])] == ["mine.yaml", "other.json", "third.yml"]


@pytest.mark.parametrize("name", ["mine.graph.json", "mine.txt", "missing.yaml"])
def test_a_file_that_is_no_spec_is_one_clear_sentence(tmp_path: Path, name: str) -> None:
    (tmp_path / "mine.graph.json").write_text("{}")

    with pytest.raises(CommandError, match=name):
        read(tmp_path / name)


LACKS = [Unmet(kind="class", name="KSampler", message="no")]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({"active_version": 1}, ""),
        ({"active_version": 1, "is_runnable": False, "unmet": LACKS}, "lacks KSampler"),
        ({"active_version": 1, "problem": "mine.yaml: broken", "unmet": LACKS}, "broken"),
        ({"active_version": 1, "is_enabled": False, "unmet": LACKS}, "it is switched off"),
        ({"versions": [1], "drafts": [2, 3], "source": "api"}, "workflows activate mine@3`"),
        ({"versions": [1], "source": "folder"}, "it was taken out of its folder"),
    ],
)
def test_the_reason_names_what_keeps_a_workflow_from_running(
    row: dict[str, Any], reason: str
) -> None:
    said = why_not(WorkflowRow(name="mine", **row))

    assert said.endswith(reason)
    assert bool(said) == bool(reason)


def test_a_fleet_too_large_for_one_answer_is_not_counted_as_small() -> None:
    coverage = CoverageView.model_validate(
        {
            "is_runnable": True,
            "nodes": [NODE, {**NODE, "is_runnable": True, "unmet": []}],
            "node_count": 900,
        }
    )

    assert summary(coverage) == "1 of 2 nodes can run it; the fleet has 898 more"

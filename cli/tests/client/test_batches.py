"""`comfyfleet batches` as a user runs it, against a small HTTP server that plays the fleet."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from comfyfleet.commands import batches as commands
from contracts.access import Priority
from contracts.scheduler.batches import BatchPage, BatchView
from contracts.scheduler.jobs import JobStatus

from .conftest import Done, Script, comfyfleet

ID = UUID(int=7)
SCHEMA = {
    "properties": {
        "prompt": {"x-comfyfleet-type": "text"},
        "steps": {"x-comfyfleet-type": "integer"},
        "cfg": {"x-comfyfleet-type": "number"},
        "image": {"x-comfyfleet-type": "image"},
    }
}
BATCH = BatchView(
    id=ID,
    owner_id=UUID(int=1),
    workflow="txt2img@1",
    priority=Priority.BATCH,
    created_at=datetime.now(UTC),
    job_count=4,
    job_count_by_status={JobStatus.QUEUED: 1, JobStatus.FAILED: 0, JobStatus.COMPLETED: 3},
    fraction=0.75,
)


def batches(fleet: Script, *words: str) -> Done:
    return comfyfleet(fleet, "batches", *words)


def submitted(fleet: Script, *words: str) -> dict[str, Any]:
    """Submit a batch of txt2img; return the body that was sent."""
    fleet.on("GET /v1/workflows/txt2img/schema", json.dumps(SCHEMA).encode())
    fleet.on("POST /v1/batches", BATCH.model_dump_json().encode())
    done = batches(fleet, "submit", "txt2img", *words)
    assert (done.stdout, done.stderr) == (f"{ID}\n", "")
    line, headers, body = fleet.requests[-1]
    assert line == "POST /v1/batches"
    assert headers["Idempotency-Key"]
    assert "Idempotency-Repeat" not in headers
    return json.loads(body)


def test_a_count_is_submitted_with_the_shared_inputs(fleet: Script) -> None:
    sent = submitted(fleet, "prompt=a red door", "--count", "4")

    assert sent == {"workflow": "txt2img", "inputs": {"prompt": "a red door"}, "count": 4}


def test_a_grid_has_values_in_the_types_of_its_inputs(fleet: Script) -> None:
    media = [str(UUID(int=n)) for n in (1, 2)]
    grid = ["steps=10,20", "prompt=1,b", "cfg=[1.5, 7]", f"image={','.join(media)}"]
    words = [word for one in grid for word in ("--grid", one)]

    assert submitted(fleet, *words)["grid"] == {
        "steps": [10, 20],
        "prompt": ["1", "b"],
        "cfg": [1.5, 7],
        "image": [{"media": id_} for id_ in media],
    }


def test_items_come_from_a_file(fleet: Script, tmp_path: Path) -> None:
    path = tmp_path / "items.json"
    path.write_text('[{"prompt": "a"}, {"prompt": "b", "steps": 3}]')

    assert submitted(fleet, "--items", str(path))["items"] == [
        {"inputs": {"prompt": "a"}},
        {"inputs": {"prompt": "b", "steps": 3}},
    ]


def test_a_request_without_clear_jobs_is_one_sentence(fleet: Script, tmp_path: Path) -> None:
    path = tmp_path / "items.json"
    path.write_text('{"prompt": "a"}')
    neither = batches(fleet, "submit", "txt2img")
    both = batches(fleet, "submit", "txt2img", "--count", "2", "--items", str(path))
    no_list = batches(fleet, "submit", "txt2img", "--items", str(path))
    missing = batches(fleet, "submit", "txt2img", "--items", str(tmp_path / "none"))

    assert neither.stderr == both.stderr
    assert neither.stderr.endswith("give one of --count, --grid and --items.\n")
    assert "should hold a list of objects" in no_list.stderr
    assert "Cannot read" in missing.stderr
    assert fleet.requests == []


def test_batches_are_listed_shown_and_canceled(fleet: Script) -> None:
    body = BATCH.model_dump_json().encode()
    fleet.on("GET /v1/batches?limit=20", BatchPage(items=[BATCH]).model_dump_json().encode())
    fleet.on(f"GET /v1/batches/{ID}", body)
    fleet.on(f"POST /v1/batches/{ID}/cancel", body)

    for words in (["list"], ["get", str(ID)], ["cancel", str(ID)]):
        done = batches(fleet, *words)
        assert (done.stderr, str(ID) in done.stdout) == ("", True)
        assert "75%" in done.stdout
        assert "queued 1, completed 3" in done.stdout
    assert json.loads(batches(fleet, "list", "--json").stdout)[0]["id"] == str(ID)
    assert json.loads(batches(fleet, "get", str(ID), "--json").stdout)["id"] == str(ID)


def test_options_of_the_jobs_are_sent_with_them(fleet: Script) -> None:
    options = ("--priority", "background", "--label", "a=b", "--refuse")
    sent = submitted(fleet, "--count", "4", *options, "--deadline", "2026-12-01T18:00")

    assert (sent["priority"], sent["labels"]) == ("background", {"a": "b"})
    assert (sent["if_unrunnable"], sent["deadline"]) == ("refuse", "2026-12-01T18:00:00+00:00")


def test_a_batch_is_watched_to_its_end(fleet: Script, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commands, "POLL_SECONDS", 0.0)
    counts = {JobStatus.COMPLETED: 4}
    ended = BATCH.model_copy(
        update={"fraction": 1.0, "finished_at": BATCH.created_at, "job_count_by_status": counts}
    )
    failed = ended.model_copy(
        update={"job_count_by_status": {JobStatus.COMPLETED: 3, JobStatus.EXPIRED: 1}}
    )
    line = f"GET /v1/batches/{ID}"
    fleet.on(line, *(one.model_dump_json().encode() for one in (BATCH, ended, failed)))
    good, bad = batches(fleet, "watch", str(ID)), batches(fleet, "watch", str(ID))

    assert (good.returncode, "completed 4" in good.stdout) == (0, True)
    assert bad.returncode == 1
    assert "1 of 4 jobs did not complete" in bad.stderr
    comfyfleet(fleet, *bad.stderr.split("`")[1].split()[1:])  # as it advises
    assert "status=expired" in fleet.requests[-1][0]
    assert f"batch_id={ID}" in fleet.requests[-1][0]

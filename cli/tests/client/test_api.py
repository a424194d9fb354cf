import json
from pathlib import Path
from typing import Any, Protocol

import pytest
from rich.console import Console

from comfyfleet import CommandError
from comfyfleet.client.api import FleetClient
from comfyfleet.client.errors import ApiError, UnreachableError
from comfyfleet.client.job_progress import wait_for
from comfyfleet.client.jobs import submit
from comfyfleet.input_values import FileInput
from comfyfleet.job_run import save_all, watch, with_uploads
from contracts.scheduler.jobs import JobStatus, JobView
from contracts.values import new_id

from .conftest import BROKEN, Answer
from .jobs import JOB_ID, a_job, an_output

JOB: dict[str, Any] = {"workflow": "resize", "inputs": {}}


class Fleet(Protocol):
    """The scripted server of conftest.py."""

    url: str
    requests: list[tuple[str, dict[str, str], bytes]]

    def on(self, line: str, *answers: Any) -> None: ...


def body(job: JobView) -> bytes:
    return job.model_dump_json().encode()


def a_frame(event: str, data: bytes, number: int | None = None) -> bytes:
    head = f"id: {number}\n" if number else ""
    return f"{head}event: {event}\ndata: {data.decode()}\n\n".encode()


def a_stream(content: bytes) -> Answer:
    return Answer(content, content_type="text/event-stream")


def test_a_password_is_exchanged_for_a_token_that_is_used(
    fleet: Fleet, client: FleetClient
) -> None:
    fleet.on("POST /v1/auth/token", b'{"access_token": "fresh", "expires_in": 900}')
    fleet.on("GET /v1/nodes", b'{"items": []}')
    assert client.log_in("a@b", "secret") == "fresh"
    assert client.nodes() == []
    assert fleet.requests[0][2] == b"username=a%40b&password=secret"
    assert fleet.requests[1][1]["Authorization"] == "Bearer fresh"


def test_a_job_is_watched_to_its_end_over_a_broken_line(fleet: Fleet, client: FleetClient) -> None:
    done = a_job(JobStatus.COMPLETED, version=3)
    started = a_frame("job.started", body(a_job(JobStatus.RUNNING, version=2)), 2)
    progress = a_frame("job.progress", b'{"progress": {"fraction": 0.5}}')
    fleet.on(
        f"GET /v1/jobs/{JOB_ID}/events",
        a_stream(started + progress),
        a_stream(a_frame("job.completed", body(done), 3)),
    )
    fleet.on(f"GET /v1/jobs/{JOB_ID}", body(a_job(JobStatus.RUNNING, version=2)))
    ended = watch(client, a_job(), Console(quiet=True))
    assert ended.status is JobStatus.COMPLETED
    streams = [headers for line, headers, _ in fleet.requests if line.endswith("/events")]
    assert [headers.get("Last-Event-ID") for headers in streams] == [None, "2"]


@pytest.mark.parametrize("status", [BROKEN, 503])
def test_a_part_of_the_fleet_that_ends_and_comes_back_costs_no_result(
    status: int, fleet: Fleet, client: FleetClient, tmp_path: Path
) -> None:
    away, media_id = Answer(b"{}", status), new_id()
    done = a_job(JobStatus.COMPLETED, version=3, outputs=[an_output(media_id)])
    running = a_job(JobStatus.RUNNING, version=2)
    fleet.on("POST /v1/jobs", Answer(body(running), 201))
    fleet.on(f"GET /v1/jobs/{JOB_ID}/events", away)
    fleet.on(f"GET /v1/jobs/{JOB_ID}", away, body(running), away, body(done))
    fleet.on(f"GET /v1/media/{media_id}/content", away, b"\x89PNG")

    ended = watch(client, submit(client, JOB), Console(quiet=True))
    [path] = save_all(client, ended, tmp_path)

    assert path.read_bytes() == b"\x89PNG"


def test_a_repeated_request_for_a_job_has_the_same_key(fleet: Fleet, client: FleetClient) -> None:
    fleet.on("GET /v1/nodes", b'{"items": []}')
    fleet.on("POST /v1/jobs", Answer(b"{}", BROKEN), Answer(body(a_job()), 201))
    client.nodes()

    assert submit(client, JOB).id == JOB_ID
    keys = [headers["Idempotency-Key"] for line, headers, _ in fleet.requests if "POST" in line]
    assert len(keys) == 2
    assert len(set(keys)) == 1


def test_a_job_that_nobody_can_run_says_what_is_missing(fleet: Fleet, client: FleetClient) -> None:
    waiting = a_job(missing=["checkpoints/x.safetensors"])
    fleet.on(f"GET /v1/jobs/{JOB_ID}", body(waiting))
    with pytest.raises(CommandError, match=r"the nearest lacks checkpoints/x\.safetensors"):
        wait_for(client, waiting, within=0.3)


def test_pictures_go_up_before_the_masks_that_name_them(
    fleet: Fleet, client: FleetClient, tmp_path: Path
) -> None:
    file = tmp_path / "x.png"
    file.write_bytes(b"png")
    media = {"owner_id": str(new_id()), "kind": "image", "content_type": "image/png"}
    media |= {"blake3": "", "created_at": "2026-01-01T00:00:00Z"}
    first, second = new_id(), new_id()
    answers = [
        json.dumps(media | {"id": str(i), "size_bytes": 3}).encode() for i in (first, second)
    ]
    fleet.on("POST /v1/media", *answers)
    inputs = {
        "mask": FileInput(file, "mask", "mask", "image"),
        "image": FileInput(file, "image", "image"),
    }
    assert with_uploads(client, "inpaint", inputs) == {
        "image": {"media": str(first)},
        "mask": {"media": str(second)},
    }
    sent = fleet.requests[1][2]
    assert all(word in sent for word in (str(first).encode(), b'"workflow"', b"inpaint"))


def test_a_refusal_keeps_its_status(client: FleetClient) -> None:
    with pytest.raises(ApiError) as caught:
        client.find_job(JOB_ID)
    assert caught.value.status == 404


def test_a_fleet_that_is_away_is_named() -> None:
    with pytest.raises(UnreachableError, match="does not answer"):
        FleetClient("http://127.0.0.1:1").nodes()

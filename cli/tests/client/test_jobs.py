"""The commands `jobs …` against a scripted fleet."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from contracts.access import Priority
from contracts.scheduler.explanations import JobExplanation, NodeObstacle
from contracts.scheduler.jobs import JobError, JobPage, JobStatus, JobView
from contracts.values import new_id

from .conftest import Answer, Script, comfyfleet
from .jobs import an_output

JOB_ID = new_id()


def a_job(**fields: Any) -> JobView:
    job = JobView(
        id=JOB_ID,
        status=JobStatus.FAILED,
        workflow="resize@1",
        owner_id=new_id(),
        priority=Priority.BATCH,
        created_at=datetime.now(UTC),
        version=3,
        labels={"project": "poster"},
        inputs={"prompt": "a red door", "image": None},
        error=JobError(code="node_failed", message="the model is missing"),
    )
    return job.model_copy(update=fields)


def a_page(*ids: UUID, next_cursor: str | None = None) -> bytes:
    page = JobPage(items=[a_job(id=id_) for id_ in ids], next_cursor=next_cursor)
    return page.model_dump_json().encode()


def jobs(fleet: Script, *words: str) -> str:
    """Run `comfyfleet jobs …`, and return what it prints."""
    done = comfyfleet(fleet, "jobs", *words)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def test_jobs_alone_lists_them(fleet: Script) -> None:
    fleet.on("GET /v1/jobs?status=failed&limit=5", a_page(JOB_ID))

    line = jobs(fleet, "-n", "5", "--status", "failed").splitlines()[1]

    for word in (str(JOB_ID), "resize@1", "failed", "batch", "the model is missing"):
        assert word in line


def test_a_list_for_programs_has_all_filters_and_every_page(fleet: Script) -> None:
    ids, batch_id = [new_id() for _ in range(3)], new_id()
    owner_id = new_id()
    found = f"GET /v1/jobs?workflow=resize&label=project%3Dposter&batch_id={batch_id}"
    found += f"&owner_id={owner_id}"
    fleet.on(f"{found}&limit=3", a_page(*ids[:2], next_cursor="c"))
    fleet.on(f"{found}&limit=1&cursor=c", a_page(ids[2]))

    words = ["--workflow", "resize", "--label", "project=poster", "--batch", str(batch_id)]
    words += ["--owner", str(owner_id), "-n", "3", "--json"]
    listed = json.loads(jobs(fleet, "list", *words))

    assert [job["id"] for job in listed] == [str(id_) for id_ in ids]


def test_a_job_is_shown_with_what_is_set_only(fleet: Script) -> None:
    fleet.on(f"GET /v1/jobs/{JOB_ID}", a_job().model_dump_json().encode())

    shown = jobs(fleet, "get", str(JOB_ID))

    for text in ("the model is missing", "project=poster", 'input prompt  "a red door"'):
        assert text in shown
    assert "input image" not in shown
    assert json.loads(jobs(fleet, "get", str(JOB_ID), "--json"))["inputs"]["image"] is None


def test_an_explanation_has_all_pages_of_nodes(fleet: Script) -> None:
    ids = [new_id(), new_id()]

    def page(number: int, **fields: Any) -> bytes:
        line = NodeObstacle(
            node_id=ids[number], name=f"gpu-{number}", code="busy", message="its slot is taken"
        )
        line.free_in_seconds = 12.0
        explanation = JobExplanation(
            job_id=JOB_ID, status=JobStatus.QUEUED, message="all busy", nodes=[line], node_count=2
        )
        return explanation.model_copy(update=fields).model_dump_json().encode()

    path = f"GET /v1/jobs/{JOB_ID}/explain?limit=200"
    fleet.on(path, page(0, next_cursor=ids[0]))
    fleet.on(f"{path}&cursor={ids[0]}", page(1))

    lines = jobs(fleet, "explain", str(JOB_ID)).splitlines()

    assert "all busy" in "".join(lines)
    assert [" ".join(line.split()) for line in lines[-2:]] == [
        f"gpu-{number} its slot is taken, free in about 12 s" for number in range(2)
    ]


def test_jobs_are_canceled_and_run_again(fleet: Script) -> None:
    new = new_id()
    fleet.on(f"POST /v1/jobs/{JOB_ID}/cancel", a_job().model_dump_json().encode())
    retried = a_job(id=new, retry_of=JOB_ID).model_dump_json().encode()
    fleet.on(f"POST /v1/jobs/{JOB_ID}/retry", retried)

    assert jobs(fleet, "cancel", str(JOB_ID)) == f"{JOB_ID} failed\n"
    assert jobs(fleet, "retry", str(JOB_ID)) == f"{new}\n"
    assert all("Idempotency-Key" in sent[1] for sent in fleet.requests if "retry" in sent[0])
    fleet.on(f"POST /v1/jobs/{JOB_ID}/retry?if_unrunnable=refuse", retried)
    assert jobs(fleet, "retry", "--refuse", str(JOB_ID)) == f"{new}\n"


def test_a_label_is_added_beside_those_that_the_job_has(fleet: Script) -> None:
    line = f"/v1/jobs/{JOB_ID}"
    before, after = {"project": "poster", "old": "1"}, {"project": "poster"}
    fleet.on(f"GET {line}", a_job(labels=before).model_dump_json().encode())
    fleet.on(f"PATCH {line}", a_job(labels=after).model_dump_json().encode())

    words = ("--priority", "background", "--label", "by=me", "--unlabel", "old")
    said = jobs(fleet, "set", str(JOB_ID), *words)

    assert said == f"{JOB_ID} batch project=poster\n"
    labels = {"project": "poster", "by": "me"}
    assert json.loads(fleet.requests[-1][2]) == {"priority": "background", "labels": labels}


def test_a_change_of_nothing_is_refused(fleet: Script) -> None:
    done = comfyfleet(fleet, "jobs", "set", str(JOB_ID))

    assert (done.returncode, "Name at least one" in done.stderr) == (1, True)
    assert fleet.requests == []


def test_a_job_is_watched_to_its_end_and_its_outputs_are_saved(
    fleet: Script, tmp_path: Path
) -> None:
    media_id, line = new_id(), f"GET /v1/jobs/{JOB_ID}"
    running = a_job(status=JobStatus.RUNNING, error=None)
    ended = running.model_copy(
        update={"status": JobStatus.COMPLETED, "outputs": [an_output(media_id)]}
    )
    told = f"id: 4\nevent: job.completed\ndata: {ended.model_dump_json()}\n\n"
    fleet.on(line, running.model_dump_json().encode())
    fleet.on(f"{line}/events", Answer(told.encode(), content_type="text/event-stream"))
    fleet.on(f"GET /v1/media/{media_id}/content", b"\x89PNG")

    jobs(fleet, "watch", str(JOB_ID))
    assert not list(tmp_path.iterdir())
    jobs(fleet, "watch", str(JOB_ID), "--out", str(tmp_path))
    fleet.on(line, a_job().model_dump_json().encode())
    failed = comfyfleet(fleet, "jobs", "watch", str(JOB_ID))

    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"\x89PNG"]
    assert (failed.returncode, "the model is missing" in failed.stderr) == (1, True)
    assert not [asked for asked, _, _ in fleet.requests if asked.endswith("/cancel")]

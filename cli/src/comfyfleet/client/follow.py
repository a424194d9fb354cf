"""Watching one job to its end."""

import time
from collections.abc import Iterator
from contextlib import suppress

from pydantic import BaseModel, ValidationError

from comfyfleet.client.api import FleetClient, UnreachableError
from comfyfleet.problem import CommandError
from contracts.scheduler.jobs import JobView, Progress

BROKEN_LINES = 5
RETRY_SECONDS = 1.0
POLL_SECONDS = 0.2


class ProgressFrame(BaseModel):
    progress: Progress


def follow(client: FleetClient, submitted: JobView) -> Iterator[JobView]:
    """The job each time that it changed, the last one ended; a broken line is taken up again."""
    job, last_id, broken = submitted, None, 0
    yield job
    while not job.status.is_terminal:
        try:
            for frame in client.job_events(job.id, last_id):
                last_id = frame.id or last_id
                broken = 0
                job = changed(client, job, frame.event, frame.data)
                yield job
        except UnreachableError:
            broken += 1
            if broken >= BROKEN_LINES:
                raise
            time.sleep(RETRY_SECONDS * broken)
        job = client.find_job(job.id) if not job.status.is_terminal else job


def changed(client: FleetClient, job: JobView, event: str, data: str) -> JobView:
    """The job after a frame; the thin frames of its life are filled by asking."""
    if event == "job.progress":
        with suppress(ValidationError):
            return job.model_copy(
                update={"progress": ProgressFrame.model_validate_json(data).progress}
            )
        return job
    if event == "job.preview":
        return job
    with suppress(ValidationError):
        return JobView.model_validate_json(data)
    return client.find_job(job.id)


def wait_for(client: FleetClient, job: JobView, *, within: float) -> JobView:
    """The ended job; raises if it takes longer than `within` seconds."""
    deadline = time.monotonic() + within
    while not job.status.is_terminal:
        if time.monotonic() > deadline:
            raise CommandError(still_waiting(job, within))
        time.sleep(POLL_SECONDS)
        job = client.find_job(job.id)
    return job


def still_waiting(job: JobView, within: float) -> str:
    lacks = (
        f" No node can run it: {'; '.join(entry.name for entry in job.unmet)}." if job.unmet else ""
    )
    return f"Job {job.id} is still {job.status} after {within:.0f} s.{lacks}"


def why_it_failed(job: JobView) -> str:
    """One sentence for a job that ended otherwise than well."""
    error = job.error
    if error is None:
        return f"Job {job.id} ended as {job.status}."
    where = (
        f" in graph node {error.graph_node} ({error.graph_node_class})" if error.graph_node else ""
    )
    return f"Job {job.id} {job.status}{where}: {error.message}"

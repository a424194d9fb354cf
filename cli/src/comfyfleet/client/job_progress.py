"""Follows one job to its end."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress

from pydantic import BaseModel, ValidationError

from comfyfleet import CommandError
from comfyfleet.client.api import FleetClient
from comfyfleet.client.errors import AwayError, UnreachableError
from contracts.scheduler.jobs import JobView, Progress
from contracts.values import Unmet

RETRY_SECONDS = 1.0
POLL_SECONDS = 0.2


class ProgressFrame(BaseModel):
    progress: Progress


def follow(client: FleetClient, submitted: JobView) -> Iterator[JobView]:
    """Yield the job after each change until it has ended; a broken stream is resumed."""
    job, last_id = submitted, None
    yield job
    while not job.status.is_terminal:
        try:
            for event in client.job_events(job.id, last_id):
                last_id = event.id or last_id
                job = after_event(client, job, event.event, event.data)
                yield job
        except (UnreachableError, AwayError):
            time.sleep(RETRY_SECONDS)
        if not job.status.is_terminal:
            job = found_again(client, job)
            yield job


def found_again(client: FleetClient, job: JobView) -> JobView:
    """Ask for the job; if the fleet stays away, say that the job goes on without us."""
    try:
        return client.find_job(job.id)
    except (UnreachableError, AwayError) as error:
        raise CommandError(
            f"{error}\nThe fleet keeps job {job.id}: `comfyfleet jobs` shows it when it is back."
        ) from error


def after_event(client: FleetClient, job: JobView, event: str, data: str) -> JobView:
    """Return the job after an event; events that carry no whole job are completed by a query."""
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


def wait_for(
    client: FleetClient,
    job: JobView,
    *,
    within: float,
    tell: Callable[[JobView], None] | None = None,
) -> JobView:
    """Return the ended job; raises if it takes longer than `within` seconds.

    `tell` gets the job each time that it has not ended yet.
    """
    deadline = time.monotonic() + within
    while not job.status.is_terminal:
        if time.monotonic() > deadline:
            reason = f": {not_runnable(job.unmet)}" if job.unmet else ""
            raise CommandError(f"Job {job.id} is still {job.status} after {within:.0f} s{reason}.")
        if tell:
            tell(job)
        time.sleep(POLL_SECONDS)
        job = client.find_job(job.id)
    return job


def not_runnable(unmet: Sequence[Unmet]) -> str:
    return f"no node can run it; the nearest lacks {', '.join(entry.name for entry in unmet)}"


def failure_of(job: JobView) -> str:
    """Describe in one sentence a job that did not complete."""
    error = job.error
    if error is None:
        return f"Job {job.id} ended as {job.status}."
    where = (
        f" in graph node {error.graph_node} ({error.graph_node_class})" if error.graph_node else ""
    )
    return f"Job {job.id} {job.status}{where}: {error.message}"

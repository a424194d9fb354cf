"""Jobs and attempts as rows, and rows as jobs."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from operator import attrgetter
from typing import Any
from uuid import UUID

import asyncpg
from pydantic import TypeAdapter
from pydantic_core import from_json, to_json

from contracts.access import Priority
from contracts.scheduler.job_requests import NewJob
from contracts.scheduler.jobs import JobStatus
from contracts.scheduler.timings import AttemptView, Timings
from scheduler.adapters.statements import Call, Column, insert, update, upsert
from scheduler.domain.jobs import Attempt, Job, JobEnd, Retry

RETRY = TypeAdapter(Retry)
JOB_END = TypeAdapter(JobEnd)
NO_RETRY = Retry()
NO_FAILURE = RETRY.dump_json(NO_RETRY).decode()


def retry_text(job: Job) -> str:
    return NO_FAILURE if job.retry == NO_RETRY else RETRY.dump_json(job.retry).decode()


def end_text(job: Job) -> str | None:
    end = job.end
    return JOB_END.dump_json(end).decode() if end.outputs or end.error else None


def timings_text(attempt: Attempt) -> str | None:
    return attempt.timings.model_dump_json() if attempt.timings else None


JOBS: tuple[Column[Job], ...] = (
    Column("id", "uuid", is_fixed=True),
    Column("owner_id", "uuid", is_fixed=True),
    Column("status", "text"),
    Column("version", "int"),
    Column("attempts", "int", attrgetter("attempt_count")),
    Column("priority", "text", attrgetter("request.priority"), is_fixed=True),
    Column("workflow", "text", attrgetter("request.workflow"), is_fixed=True),
    Column("labels", "jsonb", lambda job: to_json(job.request.labels).decode(), is_fixed=True),
    Column("batch_id", "uuid", attrgetter("request.batch_id"), is_fixed=True),
    Column("created_at", "timestamptz", is_fixed=True),
    Column("started_at", "timestamptz"),
    Column("finished_at", "timestamptz"),
    Column("spec", "json", lambda job: job.request.model_dump_json(), is_fixed=True),
    Column("trace", "json", lambda job: to_json(job.trace).decode(), is_fixed=True),
    Column("retry", "json", retry_text),
    Column("result", "json", end_text),
)

CHANGED = {"id", "priority", "labels"}
REQUESTS = tuple(replace(column, is_fixed=False) for column in JOBS if column.name in CHANGED)
"""The columns that an owner changes, seldom: labels have an index. They count beside `spec`, which
is not written again, as it may have hundreds of kilobytes."""

ATTEMPTS: tuple[Column[Attempt], ...] = (
    Column("id", "uuid", is_fixed=True),
    Column("job_id", "uuid", attrgetter("job.id"), is_fixed=True),
    Column("node_id", "uuid", is_fixed=True),
    Column("number", "int", is_fixed=True),
    Column("version_hash", "text", attrgetter("job.request.version_hash"), is_fixed=True),
    Column("created_at", "timestamptz", is_fixed=True),
    Column("ended_at", "timestamptz"),
    Column("outcome", "text"),
    Column("cause", "text"),
    Column("executed_seconds", "float8"),
    Column("timings", "json", timings_text),
)

INSERT_JOBS = insert("jobs", JOBS)
UPDATE_JOBS = update("jobs", JOBS)
UPDATE_REQUESTS = update("jobs", REQUESTS)
UPSERT_ATTEMPTS = upsert("attempts", ATTEMPTS)
DELETE_ATTEMPTS = "DELETE FROM attempts WHERE job_id = ANY($1)"
DELETE_JOBS = """DELETE FROM jobs WHERE id = ANY($1)
    AND status NOT IN ('queued', 'running', 'canceling')"""
SELECT_JOBS = "SELECT * FROM jobs WHERE id = ANY($1) ORDER BY created_at, id"


def read_job(row: asyncpg.Record) -> Job:
    changes: dict[str, Any] = {"labels": from_json(row["labels"])}
    if row["priority"]:  # a row of an earlier release has none there
        changes["priority"] = Priority(row["priority"])
    return Job(
        request=NewJob.model_validate_json(row["spec"]).model_copy(update=changes),
        owner_id=row["owner_id"],
        created_at=row["created_at"],
        trace=from_json(row["trace"]),
        status=JobStatus(row["status"]),
        version=row["version"],
        attempt_count=row["attempts"],
        started_at=row["started_at"],
        finished_at=row["finished_at"],
        retry=RETRY.validate_json(row["retry"]),
        end=JOB_END.validate_json(row["result"] or "{}"),
    )


def delete_jobs(jobs: Sequence[UUID]) -> Iterator[Call]:
    """Yield the statements that delete ended jobs, their attempts first.

    Without a transaction, what is left is found.
    """
    yield DELETE_ATTEMPTS, (jobs,)
    yield DELETE_JOBS, (jobs,)


def attempt_view(row: asyncpg.Record) -> AttemptView:
    """Return the attempt as queries show it; times that cannot be read are left out."""
    fields = {name: row[name] for name in AttemptView.model_fields if name != "timings"}
    timings: Timings | None = None
    if row["timings"]:
        with suppress(ValueError):
            timings = Timings.model_validate_json(row["timings"])
    return AttemptView(**fields, timings=timings)

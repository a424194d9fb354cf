"""Jobs and attempts as rows, and rows as jobs."""

from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg
from pydantic import BaseModel, Field
from pydantic_core import from_json, to_json

from contracts.agent import Cause
from contracts.scheduler.job_requests import NewJob
from contracts.scheduler.jobs import JobError, JobStatus, Output
from scheduler.domain.jobs import Attempt, Job

INSERT_JOBS = """INSERT INTO jobs
    (id, owner_id, status, version, attempts, workflow, labels, batch_id, created_at,
     started_at, finished_at, spec, trace, retry, result)
    SELECT id, owner_id, status, version, attempts, workflow, labels::jsonb, batch_id, created_at,
     started_at, finished_at, spec::json, trace::json, retry::json, result::json
    FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::int[], $5::int[], $6::text[], $7::text[],
     $8::uuid[], $9::timestamptz[], $10::timestamptz[], $11::timestamptz[], $12::text[],
     $13::text[], $14::text[], $15::text[])
    AS n(id, owner_id, status, version, attempts, workflow, labels, batch_id, created_at,
     started_at, finished_at, spec, trace, retry, result)"""

UPDATE_JOBS = """UPDATE jobs SET status = n.status, version = n.version, attempts = n.attempts,
    started_at = n.started_at, finished_at = n.finished_at, retry = n.retry::json,
    result = n.result::json
    FROM unnest($1::uuid[], $2::text[], $3::int[], $4::int[], $5::timestamptz[],
     $6::timestamptz[], $7::text[], $8::text[])
    AS n(id, status, version, attempts, started_at, finished_at, retry, result)
    WHERE jobs.id = n.id"""

UPSERT_ATTEMPTS = """INSERT INTO attempts
    (id, job_id, node_id, number, version_hash, created_at, ended_at, outcome, cause,
     executed_seconds)
    SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::int[], $5::text[],
     $6::timestamptz[], $7::timestamptz[], $8::text[], $9::text[], $10::float8[])
    ON CONFLICT (id) DO UPDATE SET ended_at = excluded.ended_at, outcome = excluded.outcome,
     cause = excluded.cause, executed_seconds = excluded.executed_seconds"""


class RetryRow(BaseModel):
    """What a job has behind it."""

    strikes: dict[Cause, int] = Field(default_factory=dict[Cause, int])
    avoid: frozenset[UUID] = frozenset()
    not_before: datetime | None = None


class ResultRow(BaseModel):
    """How a job ended."""

    outputs: list[Output] = Field(default_factory=list[Output])
    error: JobError | None = None


FIRST_TRY = RetryRow().model_dump_json()


def retry_text(job: Job) -> str:
    if not (job.strikes or job.avoid or job.not_before):
        return FIRST_TRY
    row = RetryRow(strikes=job.strikes, avoid=job.avoid, not_before=job.not_before)
    return row.model_dump_json()


def result_text(job: Job) -> str | None:
    if not (job.outputs or job.error):
        return None
    return ResultRow(outputs=job.outputs, error=job.error).model_dump_json()


def inserted(job: Job) -> tuple[Any, ...]:
    """Fields of a new row, in the order of `INSERT_JOBS`."""
    return (
        job.id,
        job.owner_id,
        job.status,
        job.version,
        job.attempts,
        job.spec.workflow,
        to_json(job.spec.labels).decode(),
        job.spec.batch_id,
        job.created_at,
        job.started_at,
        job.finished_at,
        job.spec.model_dump_json(),
        to_json(job.trace).decode(),
        retry_text(job),
        result_text(job),
    )


def updated(job: Job) -> tuple[Any, ...]:
    """Fields that change, in the order of `UPDATE_JOBS`."""
    return (
        job.id,
        job.status,
        job.version,
        job.attempts,
        job.started_at,
        job.finished_at,
        retry_text(job),
        result_text(job),
    )


def upserted(attempt: Attempt) -> tuple[Any, ...]:
    """Fields of an attempt, in the order of `UPSERT_ATTEMPTS`."""
    return (
        attempt.id,
        attempt.job.id,
        attempt.node_id,
        attempt.number,
        attempt.job.spec.version_hash,
        attempt.created_at,
        attempt.ended_at,
        attempt.outcome,
        attempt.cause,
        attempt.executed_seconds,
    )


def read_job(row: asyncpg.Record) -> Job:
    retry = RetryRow.model_validate_json(row["retry"])
    result = ResultRow.model_validate_json(row["result"] or "{}")
    return Job(
        spec=NewJob.model_validate_json(row["spec"]),
        trace=from_json(row["trace"]),
        status=JobStatus(row["status"]),
        strikes=retry.strikes,
        avoid=retry.avoid,
        not_before=retry.not_before,
        outputs=result.outputs,
        error=result.error,
        owner_id=row["owner_id"],
        version=row["version"],
        attempts=row["attempts"],
        created_at=row["created_at"],
        started_at=row["started_at"],
        finished_at=row["finished_at"],
    )

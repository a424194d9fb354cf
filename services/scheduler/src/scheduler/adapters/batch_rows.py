"""Batches as rows, and rows as batches."""

import asyncpg
from pydantic_core import from_json, to_json

from contracts.access import Priority
from scheduler.adapters.statements import Column, insert
from scheduler.domain.jobs import Batch

BATCHES: tuple[Column[Batch], ...] = (
    Column("id", "uuid", is_fixed=True),
    Column("owner_id", "uuid", is_fixed=True),
    Column("created_at", "timestamptz", is_fixed=True),
    Column("job_count", "int", is_fixed=True),
    Column("workflow", "text", is_fixed=True),
    Column("priority", "text", is_fixed=True),
    Column("labels", "json", lambda batch: to_json(batch.labels).decode(), is_fixed=True),
    Column("deadline", "timestamptz", is_fixed=True),
)

INSERT_BATCHES = insert("batches", BATCHES)
SELECT_BATCHES = "SELECT * FROM batches WHERE id = ANY($1)"


def read_batch(row: asyncpg.Record) -> Batch:
    return Batch(
        id=row["id"],
        owner_id=row["owner_id"],
        created_at=row["created_at"],
        job_count=row["job_count"],
        workflow=row["workflow"],
        priority=Priority(row["priority"]),
        labels=from_json(row["labels"]),
        deadline=row["deadline"],
    )

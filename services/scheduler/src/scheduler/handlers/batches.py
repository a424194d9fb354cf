"""Answers queries about batches: stored rows, with the progress of running jobs from the state."""

from uuid import UUID

from contracts.errors import NotFoundError
from contracts.scheduler.batches import (
    BatchPage,
    BatchView,
    FindBatch,
    FindSubmittedBatch,
    ListBatches,
)
from contracts.values import fitting
from runtime.cursor import PLACE, Cursors
from scheduler.domain.batch_views import add_progress
from scheduler.handlers.queries import visible_owner
from scheduler.service import Scheduler

CURSORS = Cursors("batches", PLACE)
SUBMIT = "submit_batch"
"""The operation of the keys, as `domain.idempotency` names it."""


async def find_batch(scheduler: Scheduler, query: FindBatch) -> BatchView:
    return await read_batch(scheduler, query.batch_id, visible_owner(query.actor))


async def find_submitted_batch(scheduler: Scheduler, query: FindSubmittedBatch) -> BatchView:
    """Return the batch of the key, so that a replay needs none of the checks of a new batch."""
    scheduler.current_term()
    key, owner_id = query.idempotency, query.actor.user_id
    use = await scheduler.job_reader.key_use((owner_id, SUBMIT, key.key))
    if use is None:
        raise NotFoundError("the key has made no batch")
    key.refuse_other_body(use.body_digest)
    return await read_batch(scheduler, use.created_id, owner_id)


async def list_batches(scheduler: Scheduler, query: ListBatches) -> BatchPage:
    term, after = scheduler.current_term(), CURSORS.read(query.cursor)
    found, end = await scheduler.batch_reader.page(query, visible_owner(query.actor), after)
    items = fitting(add_progress(term.state, view) for view in found)
    if len(items) < len(found):
        end = items[-1].created_at, items[-1].id
    return BatchPage(items=items, next_cursor=CURSORS.write(end) if end else None)


async def read_batch(scheduler: Scheduler, batch_id: UUID, owner_id: UUID | None) -> BatchView:
    term = scheduler.current_term()
    view = await scheduler.batch_reader.find(batch_id, owner_id)
    if view is None:
        raise NotFoundError("there is no such batch")
    return add_progress(term.state, view)

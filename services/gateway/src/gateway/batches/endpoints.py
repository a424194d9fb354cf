"""Endpoints of batches."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from contracts.access import Actor, Permission
from contracts.scheduler.batches import CancelBatch, FindBatch, ListBatches
from gateway.batches.requests import BatchFilters, BatchId, BatchRequest
from gateway.batches.resources import Batch, BatchPage, batch_resource, batch_summary
from gateway.batches.submission import submit_batch
from gateway.http.access import Allowed
from gateway.http.answers import refusals
from gateway.http.bodies import Body
from gateway.http.headers import MaybeIdempotencyKey, mark_created
from gateway.jobs.loader import GATEWAY
from gateway.service import CurrentGateway
from gateway.workflows.versions import REFUSALS

router = APIRouter(prefix="/v1/batches", tags=["batches"])


@router.post(
    "",
    status_code=201,
    summary="Run a workflow many times",
    responses=refusals(
        *REFUSALS,
        "priority_not_allowed",
        "model_not_allowed",
        "storage_quota",
        "bad_text",
        "bad_time",
        "invalid_inputs",
        "batch_too_large",
        "unrunnable",
        "too_many_waiting",
        "overloaded",
        "queue_full",
        "database_away",
    ),
)
async def create_batch(
    gateway: CurrentGateway,
    actor: Annotated[Actor, Allowed(Permission.JOBS_RUN)],
    batch: Body[BatchRequest],
    idempotency_key: MaybeIdempotencyKey,
    answer: Response,
) -> Batch:
    """All jobs are accepted together, or none is. Their number must fit into your queue.

    Errors name the item: `items.17.inputs.steps`; combinations of a grid count from 0 as well.
    Seeds that are not given are drawn for each job. 404 is about the workflow.
    """
    view, is_replay = await submit_batch(gateway, actor, batch, idempotency_key)
    path = gateway.path(f"/v1/batches/{view.id}")
    mark_created(answer, path, is_replay=is_replay, key=idempotency_key)
    return batch_resource(gateway.settings.path_prefix, view)


@router.get("", summary="List batches, newest first", responses=refusals("database_away"))
async def list_batches(
    gateway: CurrentGateway,
    actor: Annotated[Actor, Allowed(Permission.JOBS_READ)],
    filters: Annotated[BatchFilters, Query()],
) -> BatchPage:
    """With `jobs:read_all` the list has the batches of all users."""
    page = await gateway.bus.call(ListBatches(actor=actor, **filters.__dict__))
    items = [batch_summary(gateway.settings.path_prefix, view) for view in page.items]
    return BatchPage(items=items, next_cursor=page.next_cursor)


@router.get("/{batch_id}", summary="Show a batch", responses=refusals("database_away"))
async def get_batch(
    gateway: CurrentGateway,
    actor: Annotated[Actor, Allowed(Permission.JOBS_READ)],
    batch_id: BatchId,
) -> Batch:
    """With the number of its jobs in each status. `GET /v1/jobs?batch_id=…` lists the jobs."""
    view = await gateway.bus.call(FindBatch(actor=actor, batch_id=batch_id))
    return batch_resource(gateway.settings.path_prefix, view)


@router.post(
    "/{batch_id}/cancel",
    summary="End all jobs of a batch early",
    responses=refusals("overloaded", "database_away"),
)
async def cancel_batch(
    gateway: CurrentGateway,
    actor: Annotated[Actor, Allowed(Permission.JOBS_RUN, Permission.JOBS_CANCEL_ALL)],
    batch_id: BatchId,
) -> Batch:
    """Waiting jobs end at once, running ones as soon as their servers have stopped them.

    Jobs that have ended stay as they are.
    """
    await gateway.bus.call(CancelBatch(actor=actor, batch_id=batch_id))
    # a caller who may cancel all jobs may lack the permission to read them
    view = await gateway.bus.call(FindBatch(actor=GATEWAY, batch_id=batch_id))
    return batch_resource(gateway.settings.path_prefix, view)

"""Decides about batches: all of a batch's jobs are accepted or none is, and all end at once."""

from collections.abc import Iterable
from typing import Any

from pydantic_core import to_json

from contracts.errors import ConflictError, InvalidError, NotFoundError
from contracts.field_errors import within
from contracts.message import Accepted
from contracts.scheduler.batches import CancelBatch, SubmitBatch, SubmitBatchView, job_ids
from contracts.scheduler.job_requests import NewJob
from scheduler.domain.context import StepContext
from scheduler.domain.idempotency import find_created, remember_created
from scheduler.domain.jobs import Batch, Job
from scheduler.domain.lifecycle import queue_job
from scheduler.domain.refusals import refuse_refused
from scheduler.domain.requirements import refuse_unrunnable
from scheduler.domain.submission import end_early, may_cancel, refuse_excess, refuse_unstorable

MOST_BYTES = 32 * 1024**2
"""Values that the jobs of a batch share are in the row of each."""


def submit_batch(context: StepContext, command: SubmitBatch) -> SubmitBatchView:
    """Accept all jobs of a batch once; a repeat is answered with the same batch."""
    if created_id := find_created(context, command):
        return SubmitBatchView(batch_id=created_id, is_replay=True)
    owner_id = command.actor.user_id
    if earlier := context.loaded.batches.get(command.batch_id):
        if earlier.owner_id != owner_id:
            raise ConflictError("another batch has this id", code="batch_exists")
        return SubmitBatchView(batch_id=earlier.id)
    template = command.template
    refuse_unstorable(template, command.idempotency)
    refuse_excess(context, command.actor, template.priority, len(command.items))
    jobs = [
        Job(request, owner_id, context.now.wall, context.trace) for request in requests_of(command)
    ]
    refuse_many_bytes(command)
    refuse_refused_items(context, jobs)
    if command.if_unrunnable == "refuse":
        refuse_unrunnable_items(context, jobs)
    for job in jobs:
        queue_job(context, job)
    batch = Batch(
        command.batch_id,
        owner_id,
        context.now.wall,
        len(jobs),
        template.workflow,
        template.priority,
        template.labels,
        template.deadline,
    )
    context.loaded.batches[batch.id] = context.effects.batches[batch.id] = batch
    remember_created(context, command, batch.id)
    return SubmitBatchView(batch_id=batch.id)


def bytes_of(command: SubmitBatch) -> int:
    """Return the bytes of the jobs, each with its own copy of the values that they share."""
    template_bytes = len(command.template.model_dump_json())
    required = dict(enumerate(len(one.model_dump_json()) for one in command.requirements))
    shared = sum(template_bytes + required.get(item.requirements, 0) for item in command.items)
    return shared + len(to_json(command.items))


def refuse_many_bytes(command: SubmitBatch) -> None:
    """Raise for a batch that is small as a message, and large once each job has its own values."""
    if bytes_of(command) > MOST_BYTES:
        mib = MOST_BYTES // 1024**2
        text = f"the jobs of the batch have more than {mib} MiB together: make several batches"
        raise InvalidError(text, code="batch_too_large")


def requests_of(command: SubmitBatch) -> Iterable[NewJob]:
    """Yield the jobs of a batch in the order of its items. They share equal values in memory."""
    template, required = command.template, command.requirements
    if any(item.requirements >= len(required) for item in command.items):
        raise InvalidError("an item has requirements that the batch does not name")
    for job_id, item in zip(
        job_ids(command.batch_id, len(command.items)), command.items, strict=True
    ):
        values: dict[str, Any] = {
            **vars(template),
            "job_id": job_id,
            "batch_id": command.batch_id,
            "inputs": template.inputs | item.inputs,
            "media": item.media,
            "seed": item.seed,
            "requirements": required[item.requirements],
        }
        yield NewJob.model_construct(**values)


def refuse_refused_items(context: StepContext, jobs: Iterable[Job]) -> None:
    """Raise for the first item with a value that every server that could run it has refused."""
    for number, job in enumerate(jobs):
        try:
            refuse_refused(context.state, job)
        except InvalidError as error:
            found = within(f"items.{number}", error.errors)
            raise InvalidError(f"items.{number}.{error.message}", errors=found) from None


def refuse_unrunnable_items(context: StepContext, jobs: Iterable[Job]) -> None:
    """Raise for the first item that no node can run."""
    for number, job in enumerate(jobs):
        try:
            refuse_unrunnable(context.state, job)
        except ConflictError as error:
            place = f"items.{number}"
            found = within(place, error.errors)
            raise ConflictError(
                f"{place}: {error.message}", code=error.code, errors=found
            ) from None


def cancel_batch(context: StepContext, command: CancelBatch) -> Accepted:
    """End every job of a batch that has not ended; a repeat changes nothing."""
    batch = context.loaded.batches.get(command.batch_id)
    if batch is None or not may_cancel(command.actor, batch.owner_id):
        raise NotFoundError("there is no such batch")
    for job_id in job_ids(batch.id, batch.job_count):
        if job := context.state.jobs.get(job_id):
            end_early(context, job)
    return Accepted()

"""Submits batches: checks the inputs of every item, then hands all of them over at once."""

import asyncio
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from pydantic_core import to_json

from contracts.access import Actor, IdempotencyKey
from contracts.errors import FieldError, InvalidError, NotFoundError, TooLargeError
from contracts.field_errors import within
from contracts.scheduler.batches import (
    BatchItem,
    BatchView,
    FindBatch,
    FindSubmittedBatch,
    SubmitBatch,
)
from contracts.scheduler.job_requests import Requirements
from contracts.values import new_id
from gateway.batches.requests import BatchRequest
from gateway.http.problems import invalid
from gateway.jobs.submission import (
    complete_inputs,
    job_template,
    media_ids,
    refuse_past,
    requirements_of,
    unusable_media,
)
from gateway.media.finding import find_media
from gateway.service import Gateway
from gateway.workflows.versions import ParsedVersion
from runtime.bus.replies import fits
from workflows import Inputs, media_uses, recorded_seed
from workflows.problems import MOST_PROBLEMS, Problems

MAX_MEDIA = 2_000
"""Different files of all items; media is asked for a hundred at one time."""
MAX_JOBS_BYTES = 16 * 1024**2
"""JSON of all jobs: the scheduler keeps and stores each job whole, in one commit."""
ITEMS_AT_ONCE = 10
"""Checking an item takes a millisecond or more, so other requests get a turn after so many."""


async def submit_batch(
    gateway: Gateway, actor: Actor, request: BatchRequest, key: IdempotencyKey | None
) -> tuple[BatchView, bool]:
    """Hand the batch to the scheduler; return it, and whether an earlier request made it.

    A batch that was accepted under this key is the answer even if it would be refused now.
    """
    if key:
        try:
            return await gateway.bus.call(FindSubmittedBatch(actor=actor, idempotency=key)), True
        except NotFoundError:
            pass
    command = await new_batch(gateway, actor, request, key)
    await gateway.quota.refuse_if_exceeded(actor)
    refuse_too_large(command, gateway.bus.largest_bytes)
    submitted = await gateway.bus.call(command)
    found = FindBatch(actor=actor, batch_id=submitted.batch_id)
    # our own command may have been repeated on its way, so the id tells
    return await gateway.bus.call(found), submitted.batch_id != command.batch_id


async def new_batch(
    gateway: Gateway, actor: Actor, request: BatchRequest, key: IdempotencyKey | None
) -> SubmitBatch:
    """Resolve the workflow, check the inputs of all items, and draw their seeds."""
    refuse_past(request.deadline)
    version = await gateway.catalog.resolve(request.workflow, actor)
    all_inputs = await complete_all(gateway, version, request)
    media = await check_media(gateway, actor, version, all_inputs)
    shared = shared_inputs(all_inputs)
    required: dict[Requirements, int] = {}
    items: list[BatchItem] = []
    for number, inputs in enumerate(all_inputs):
        found = requirements_of(version, inputs, gateway.catalog.servers, actor.reach)
        own = {name: value for name, value in inputs.items() if name not in shared}
        item = BatchItem(
            inputs=own,
            media=media[number],
            seed=recorded_seed(version.spec, inputs),
            requirements=required.setdefault(found, len(required)),
        )
        items.append(item)
        await give_way(number)
    template = job_template(gateway, actor, request, version)
    return SubmitBatch(
        actor=actor,
        batch_id=new_id(),
        template=template.model_copy(update={"inputs": shared}),
        requirements=list(required),
        items=items,
        if_unrunnable=request.if_unrunnable,
        idempotency=key,
    )


async def complete_all(
    gateway: Gateway, version: ParsedVersion, request: BatchRequest
) -> list[Inputs]:
    """Return the complete inputs of each item, or raise with the problems of all of them."""
    all_inputs: list[Inputs] = []
    problems = Problems()
    for number, given in enumerate(request.inputs_of_items()):
        try:
            all_inputs.append(complete_inputs(gateway, version, given))
        except InvalidError as error:
            if request.count:  # all items are alike
                raise
            add_all(problems, number, error.errors)
            if len(problems.errors) >= MOST_PROBLEMS:
                break
        await give_way(number)
    problems.raise_if_any("The inputs do not fit the workflow", code="invalid_inputs")
    if request.count and len(all_inputs) > 1 and all_inputs[0] == all_inputs[1]:
        message = "all jobs would be equal: the workflow has no seed, or the inputs give it"
        raise invalid("count", "no_seed", message)
    return all_inputs


def add_all(problems: Problems, number: int, errors: Sequence[FieldError]) -> None:
    for error in within(f"items.{number}", errors):
        problems.add(error.path, error.code, error.message, **error.params)


async def give_way(number: int) -> None:
    if number % ITEMS_AT_ONCE == 0:
        await asyncio.sleep(0)


async def check_media(
    gateway: Gateway, actor: Actor, version: ParsedVersion, all_inputs: Sequence[Inputs]
) -> list[list[UUID]]:
    """Return the ids of each item's media. Raises InvalidError if one cannot be used."""
    uses = [list(media_uses(version.spec, inputs)) for inputs in all_inputs]
    ids = [media_ids(some) for some in uses]
    wanted = list(dict.fromkeys(id_ for some in ids for id_ in some))
    if len(wanted) > MAX_MEDIA:
        message = f"expected at most {MAX_MEDIA} different files, there are {len(wanted)}"
        raise invalid("items", "too_many_media", message)
    found = {str(view.id): view for view in await find_media(gateway.bus, actor, wanted)}
    problems = Problems()
    for number, some in enumerate(uses):
        add_all(problems, number, unusable_media(some, found))
    problems.raise_if_any("The inputs do not fit the workflow", code="invalid_inputs")
    return ids


def shared_inputs(all_inputs: Sequence[Inputs]) -> dict[str, Any]:
    """Return the inputs that have one value in all items."""
    first = all_inputs[0]
    return {
        name: value
        for name, value in first.items()
        if all(inputs[name] == value for inputs in all_inputs)
    }


def refuse_too_large(command: SubmitBatch, largest_bytes: int) -> None:
    """Raise TooLargeError, with the number of items that would fit."""
    count, template = len(command.items), len(command.template.model_dump_json())
    required = [len(one.model_dump_json()) for one in command.requirements]
    own = [
        len(to_json(item.inputs)) + 40 * len(item.media) + required[item.requirements]
        for item in command.items
    ]
    in_all = count * template + sum(own)
    if in_all > MAX_JOBS_BYTES:
        text = f"the jobs have {in_all} bytes in all, and {MAX_JOBS_BYTES} fit"
        raise TooLargeError(f"{text}: submit about {count * MAX_JOBS_BYTES // in_all} at one time")
    body = command.encode()
    if not fits(body, largest_bytes):
        text = f"the differences of the items have {len(body)} bytes, and {largest_bytes} fit"
        raise TooLargeError(
            f"{text}: submit about {count * largest_bytes // len(body)} at one time"
        )

"""Jobs: submit one, wait for its end."""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from contracts.access import Actor, IdempotencyKey
from contracts.errors import FieldError, InvalidError, UnavailableError
from contracts.ids import new_id
from contracts.jobs import JobView
from contracts.media import FindMedia, MediaView
from contracts.scheduling import ModelFile, Needs, NewJob, SubmitJob, SubmitJobView
from gateway.domain.fitting import misfit
from gateway.domain.metadata import Rule, is_bare
from gateway.domain.problems import RefusedError
from gateway.domain.requests import JobRequest, is_past
from gateway.domain.versions import Version
from gateway.handlers.hub import Hub, Listener
from gateway.handlers.loading import JobLoader
from gateway.handlers.workflows import resolve
from gateway.ports import Owners, Workflows
from workflows import MediaUse, media_uses, needs, recorded_seed, render, validate_inputs

MOST_MEDIA = 100
TIMEOUT_SECONDS = 1_800


@dataclass(frozen=True, slots=True)
class Submissions:
    """What a submission needs."""

    owners: Owners
    workflows: Workflows
    draw_seed: Callable[[], int]
    clock: Callable[[], datetime]
    metadata: Rule = "permitted"


async def submit_job(
    use: Submissions, actor: Actor, request: JobRequest, idempotency: IdempotencyKey | None
) -> SubmitJobView:
    """Resolve the workflow, check the inputs, and hand the job to the scheduler."""
    if is_past(request.deadline, use.clock()):
        raise invalid("deadline", "past", "expected a time that is still to come")
    version = await resolve(use.workflows, request.workflow, actor)
    inputs = validate_inputs(version.spec, request.inputs, use.draw_seed)
    media = await check_media(use.owners, actor, list(media_uses(version.spec, inputs)))
    job = new_job(request, version, inputs, media, actor).model_copy(
        update={"is_bare": is_bare(use.metadata, version.spec, actor)}
    )
    return await use.owners.call(SubmitJob(actor=actor, job=job, idempotency=idempotency))


def new_job(
    request: JobRequest,
    version: Version,
    inputs: Mapping[str, Any],
    media: Iterable[UUID],
    actor: Actor,
) -> NewJob:
    limits = version.spec.limits
    return NewJob(
        job_id=new_id(),
        workflow=version.reference,
        version_hash=version.hash,
        inputs=dict(inputs),
        media=list(media),
        seed=recorded_seed(version.spec, inputs),
        needs=needs_of(version, inputs),
        priority=request.priority or actor.limits.max_priority,
        deadline=request.deadline,
        labels=dict(request.labels),
        timeout_seconds=float(limits.timeout_seconds or TIMEOUT_SECONDS),
        max_attempts=limits.max_attempts,
    )


def needs_of(version: Version, inputs: Mapping[str, Any]) -> Needs:
    """What a node must have: of the graph as it will run, which depends on the inputs."""
    found = needs(render(version.graph, version.spec, inputs))
    models = frozenset(ModelFile(folder=folder, name=name) for folder, name in found.models)
    return Needs(classes=found.classes, models=models)


async def check_media(owners: Owners, actor: Actor, uses: list[MediaUse]) -> list[UUID]:
    """The media that the inputs name, in order; Invalid if one is not there or does not fit."""
    ids = list(dict.fromkeys(UUID(use.media_id) for use in uses))
    if not ids:
        return []
    if len(ids) > MOST_MEDIA:
        raise invalid("inputs", "too_many_media", f"expected at most {MOST_MEDIA} files")
    found = await owners.call(FindMedia(actor=actor, media_ids=ids))
    known: dict[str, MediaView] = {str(view.id): view for view in found.items}
    errors = [error for use in uses if (error := misfit(use, known))]
    if errors:
        raise InvalidError(
            "The inputs do not fit the workflow", code="invalid_inputs", errors=errors
        )
    return ids


def invalid(path: str, code: str, message: str) -> InvalidError:
    return InvalidError(
        f"{path}: {message}", errors=[FieldError(path=path, code=code, message=message)]
    )


async def wait_for_end(hub: Hub, loader: JobLoader, view: JobView, seconds: float) -> JobView:
    """The job when it has ended, or as it is when the time is up.

    The job is accepted already: whatever goes wrong with waiting, the answer is the job.
    """
    newest = view
    try:
        with hub.listening(view.owner_id, view.id) as listener:
            newest = await loader.load(view.id) or view
            if newest.status.is_terminal:
                return newest
            await heard_the_end(listener, seconds)
        return await loader.load(view.id) or newest
    except (RefusedError, UnavailableError):
        return newest


async def heard_the_end(listener: Listener, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            while not listener.is_over and not any(f.is_ending for f in listener.facts):
                await listener.wait(seconds)
    except TimeoutError:
        return

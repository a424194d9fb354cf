"""Jobs: submit one, wait for its end."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from contracts.access import Actor, IdempotencyKey
from contracts.errors import InvalidError, OperationError, UnavailableError
from contracts.media.files import FindMedia, MediaView
from contracts.scheduler.job_requests import (
    ModelFile,
    NewJob,
    Requirements,
    SubmitJob,
    SubmitJobView,
)
from contracts.scheduler.jobs import JobView
from contracts.values import new_id
from gateway.domain.fitting import misfit
from gateway.domain.metadata import Rule, is_bare
from gateway.domain.problems import RefusedError, invalid
from gateway.domain.requests import JobRequest, is_past
from gateway.domain.servers import Servers
from gateway.domain.versions import Version
from gateway.handlers.hub import Hub, Listener
from gateway.handlers.loading import JobLoader
from gateway.handlers.quota import Quota
from gateway.handlers.workflows import look_up, resolve
from gateway.ports import Owners, Workflows
from workflows import MediaUse, media_uses, recorded_seed, render, requirements, validate_inputs
from workflows.compatibility.unmet import with_graph_nodes

MOST_MEDIA = 100
TIMEOUT_SECONDS = 1_800


@dataclass(frozen=True, slots=True)
class Submissions:
    """What a submission needs."""

    owners: Owners
    workflows: Workflows
    quota: Quota
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
    job = new_job(use, actor, request, version, inputs).model_copy(update={"media": media})
    await use.quota.require(actor)
    answer = await use.owners.call(SubmitJob(actor=actor, job=job, idempotency=idempotency))
    return answer.model_copy(update={"job": await explained(use.workflows, answer.job)})


def new_job(
    use: Submissions, actor: Actor, request: JobRequest, version: Version, inputs: Mapping[str, Any]
) -> NewJob:
    limits = version.spec.limits
    return NewJob(
        job_id=new_id(),
        workflow=version.reference,
        version_hash=version.hash,
        inputs=dict(inputs),
        seed=recorded_seed(version.spec, inputs),
        requirements=needs_of(version, inputs, use.workflows.servers),
        priority=request.priority or actor.limits.max_priority,
        deadline=request.deadline,
        labels=dict(request.labels),
        timeout_seconds=float(limits.timeout_seconds or TIMEOUT_SECONDS),
        max_attempts=limits.max_attempts,
        is_bare=is_bare(use.metadata, version.spec, actor),
    )


def needs_of(version: Version, inputs: Mapping[str, Any], servers: Servers) -> Requirements:
    """What a node must have: of the graph as it will run, which depends on the inputs."""
    rendered = render(version.graph, version.spec, inputs)
    found = requirements(rendered)
    models = frozenset(ModelFile(folder=folder, name=name) for folder, name in found.models)
    unfit = servers.unfit(rendered, version.spec, found.classes)
    return Requirements(classes=found.classes, models=models, incompatible=unfit)


async def explained(workflows: Workflows, view: JobView) -> JobView:
    """The job; where no node can run it, with the place that wants what they lack."""
    if not view.unmet:
        return view
    try:
        version = await look_up(workflows, view.workflow)
        rendered = render(version.graph, version.spec, view.inputs)
    except OperationError:  # the version is gone: what is lacking is known all the same
        return view
    return view.model_copy(update={"unmet": with_graph_nodes(view.unmet, rendered, version.spec)})


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

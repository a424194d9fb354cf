"""Submits jobs, after it has checked the inputs against the workflow."""

import secrets
from collections.abc import Awaitable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Literal, TypeAlias
from uuid import UUID

from pydantic_core import to_json

from contracts.access import Actor, IdempotencyKey, Permission, Reach
from contracts.errors import FieldError, ForbiddenError, OperationError, UnavailableError
from contracts.media.files import MediaView
from contracts.registry.graphs import StoreGraph
from contracts.scheduler.job_requests import (
    FindSubmitted,
    IfUnrunnable,
    JobTemplate,
    ListJobs,
    ModelFile,
    NewJob,
    Requirements,
    SubmitJob,
    SubmitJobView,
)
from contracts.scheduler.jobs import JobView
from contracts.values import new_id, shortened
from contracts.webhooks.jobs import RegisterJobWebhook
from gateway.http.problems import invalid
from gateway.jobs.media_inputs import mismatch
from gateway.jobs.requests import JobRequest, RunRequest
from gateway.media.finding import find_media
from gateway.service import Gateway
from gateway.workflows.authoring import CHECK_SECONDS
from gateway.workflows.servers import Servers
from gateway.workflows.versions import ParsedVersion, require_graphs_run
from runtime.bus.client import Bus
from runtime.clock import now
from workflows import (
    Inputs,
    MediaUse,
    Spec,
    media_uses,
    recorded_seed,
    render,
    requirements,
    validate_inputs,
)
from workflows.problems import Problems

MetadataRule: TypeAlias = Literal["permitted", "keep", "strip"]

MAX_MEDIA = 100
MAX_INPUT_BYTES = 256 * 1024
"""Inputs travel with everything else about a job in one message."""
TIMEOUT_SECONDS = 1_800
SEEDS = 2**53


async def submit_job(
    gateway: Gateway,
    actor: Actor,
    preparing: Awaitable[NewJob],
    idempotency_key: IdempotencyKey | None,
    if_unrunnable: IfUnrunnable = "wait",
    webhook: str | None = None,
) -> SubmitJobView:
    """Prepare the job and hand it to the scheduler.

    A job that was accepted under this key is the answer even if it would be refused now: the
    deadline may have passed, an input may be deleted, the quota may be full.
    """
    try:
        job = await preparing
        await gateway.quota.refuse_if_exceeded(actor)
        if webhook:  # before the job, whose end could otherwise come first
            register = RegisterJobWebhook(actor=actor, job_id=job.job_id, url=webhook)
            await gateway.bus.call(register)
    except OperationError as refusal:
        if idempotency_key is None:
            raise
        earlier = await earlier_job(gateway, actor, idempotency_key, refusal)
        return SubmitJobView(job=earlier, is_replay=True)
    command = SubmitJob(
        actor=actor, job=job, if_unrunnable=if_unrunnable, idempotency=idempotency_key
    )
    submitted = await gateway.bus.call(command)
    # our own command may have been repeated on its way, so the id tells
    return SubmitJobView(job=submitted.job, is_replay=submitted.job.id != job.job_id)


async def earlier_job(
    gateway: Gateway, actor: Actor, key: IdempotencyKey, refusal: OperationError
) -> JobView:
    """Return the job that this key made; raise the refusal of the new one if there is none."""
    try:
        found = await gateway.bus.call(FindSubmitted(actor=actor, idempotency=key))
    except UnavailableError as error:
        if error.code != "no_answer":
            raise
        # a scheduler of a release before this query does not hear it, and answers others
        await gateway.bus.call(ListJobs(actor=actor, limit=1))
        raise refusal from None
    if not found.items:
        raise refusal
    return found.items[0]


async def new_job(gateway: Gateway, actor: Actor, request: JobRequest) -> NewJob:
    """Resolve the workflow or store the graph, check the inputs, and draw the seeds."""
    refuse_past(request.deadline)
    version, given = await chosen_version(gateway, actor, request)
    inputs = complete_inputs(gateway, version, given)
    media = await check_media(gateway.bus, actor, list(media_uses(version.spec, inputs)))
    values: dict[str, Any] = {
        **vars(job_template(gateway, actor, request, version)),
        "job_id": new_id(),
        "inputs": inputs,
        "media": media,
        "seed": recorded_seed(version.spec, inputs),
        "requirements": requirements_of(version, inputs, gateway.catalog.servers, actor.reach),
    }
    return NewJob(**values)


async def chosen_version(
    gateway: Gateway, actor: Actor, request: JobRequest
) -> tuple[ParsedVersion, Mapping[str, Any]]:
    """Return the version to run, and the inputs that the caller gives."""
    if request.graph is None:
        return await gateway.catalog.resolve(request.workflow or "", actor), request.inputs
    require_graphs_run(actor)
    store = StoreGraph(actor=actor, graph=request.graph)
    stored = await gateway.bus.call(store, within=CHECK_SECONDS)
    return await gateway.catalog.raw_graph(stored.hash), stored.inputs


def refuse_past(deadline: datetime | None) -> None:
    if deadline and deadline <= now():
        raise invalid("deadline", "past", "expected a time in the future")


def complete_inputs(gateway: Gateway, version: ParsedVersion, given: Mapping[str, Any]) -> Inputs:
    """Return the inputs with defaults and drawn seeds, or raise InvalidError."""
    ranges = gateway.catalog.servers.seed_ranges(version.graph, version.spec)
    inputs = validate_inputs(version.spec, given, draw_seed, ranges)
    if len(to_json(inputs)) > MAX_INPUT_BYTES:
        raise invalid("inputs", "too_big", f"expected at most {MAX_INPUT_BYTES} bytes of JSON")
    return inputs


def job_template(
    gateway: Gateway, actor: Actor, request: RunRequest, version: ParsedVersion
) -> JobTemplate:
    """Return the part of a job that does not depend on its inputs."""
    limits = version.spec.limits
    return JobTemplate(
        workflow=version.reference,
        version_hash=version.hash,
        priority=request.priority or actor.limits.max_priority,
        deadline=request.deadline,
        labels=dict(request.labels),
        timeout_seconds=float(limits.timeout_seconds or TIMEOUT_SECONDS),
        max_attempts=limits.max_attempts,
        max_running_jobs=actor.limits.max_running_jobs,
        is_bare=strips_prompt_and_graph(gateway.settings.result_metadata, version.spec, actor),
    )


def draw_seed() -> int:
    return secrets.randbelow(SEEDS)


def requirements_of(
    version: ParsedVersion, inputs: Mapping[str, Any], servers: Servers, reach: Reach
) -> Requirements:
    """Return the requirements of the graph as it will run, which depends on the inputs.

    Raises ForbiddenError for a model file that is outside the caller's role.
    """
    rendered = render(version.graph, version.spec, inputs)
    found = requirements(rendered)
    refuse_models(reach, found.models)
    models = frozenset(ModelFile(folder=folder, name=name) for folder, name in found.models)
    incompatible, doubtful = servers.incompatible(rendered, version.spec, found.classes)
    return Requirements(
        classes=found.classes, models=models, incompatible=incompatible, doubtful=doubtful
    )


def refuse_models(reach: Reach, models: Iterable[tuple[str, str]]) -> None:
    """Raise ForbiddenError for model files, by folder and name, that the caller may not use."""
    outside = sorted(
        f"{folder}/{name}" for folder, name in models if not reach.has_model(folder, name)
    )
    if outside:
        message = f"your role does not allow the model file {shortened(outside[0], 200)}"
        raise ForbiddenError(message, code="model_not_allowed")


def strips_prompt_and_graph(rule: MetadataRule, spec: Spec, actor: Actor) -> bool:
    """Return whether the caller gets results without embedded prompt and graph.

    The workflow's rule goes before the fleet's.
    """
    wanted = spec.metadata or rule
    return wanted == "strip" or (wanted == "permitted" and not actor.may(Permission.GRAPHS_READ))


async def check_media(bus: Bus, actor: Actor, uses: list[MediaUse]) -> list[UUID]:
    """Return the ids of the inputs' media, in order. Raises InvalidError if one cannot be used."""
    ids = media_ids(uses)
    found = await find_media(bus, actor, ids)
    problems = Problems()
    problems.errors = unusable_media(uses, {str(view.id): view for view in found})
    problems.raise_if_any("The inputs do not fit the workflow", code="invalid_inputs")
    return ids


def media_ids(uses: Sequence[MediaUse]) -> list[UUID]:
    """Return the ids of one job's media, each once. Raises InvalidError if there are too many."""
    ids = list(dict.fromkeys(UUID(use.media_id) for use in uses))
    if len(ids) > MAX_MEDIA:
        raise invalid("inputs", "too_many_media", f"expected at most {MAX_MEDIA} files")
    return ids


def unusable_media(
    uses: Sequence[MediaUse], media_by_id: Mapping[str, MediaView]
) -> list[FieldError]:
    return [error for use in uses if (error := mismatch(use, media_by_id))]

"""Workflows of people: upload, compare, activate, switch off, delete."""

import asyncio
from collections.abc import Callable, Mapping
from functools import partial
from uuid import UUID

import structlog

from contracts.access import Actor, Permission
from contracts.errors import FieldError, ForbiddenError, NotFoundError
from contracts.registry.requests import (
    ActivateVersion,
    ChangeWorkflow,
    CoverageView,
    DeleteWorkflow,
    Difference,
    FindCoverage,
    ListVersions,
    ProposalView,
    ProposeSpec,
    UploadView,
    UploadWorkflow,
    ValidateWorkflow,
    ValidationView,
    VersionPage,
)
from contracts.registry.workflows import WorkflowEntry
from contracts.values import fitting
from workflow_registry.domain.checks import (
    MAX_LIST_BYTES,
    Rules,
    checked_version,
    first_warnings,
    record,
)
from workflow_registry.domain.lifecycle import (
    Change,
    activated,
    active_hash,
    deleted,
    editable,
    existing,
    number_of,
    published,
    switched,
    upload,
)
from workflow_registry.handlers.fleet import version_coverage
from workflow_registry.service import Registry
from workflows import WorkflowVersion, load_graph
from workflows.authoring.differences import differences
from workflows.authoring.proposal import propose
from workflows.compatibility.incompatible import compatibility_warnings, refused_places

log = structlog.get_logger()

MAX_VERSIONS = 500
DRAFT_NUMBER = 1


def require(actor: Actor, permission: Permission = Permission.WORKFLOWS_WRITE) -> None:
    if not actor.may(permission):
        raise ForbiddenError(f"this needs the permission {permission}", code="missing_permission")


async def upload_workflow(registry: Registry, command: UploadWorkflow) -> UploadView:
    """Store the version as a draft, or make it current."""
    require(command.actor)
    version = await check(registry, command)
    is_new = False

    def decide(known: Mapping[str, WorkflowEntry]) -> list[Change]:
        nonlocal is_new
        change = upload(known.get(version.name), version, activate=command.activate)
        is_new = change.added is not None
        return [change]

    [change] = await registry.workflows.update(decide, command.actor.user_id)
    number = number_of(change.workflow, version.hash)
    log.info("workflow_uploaded", workflow=version.name, version=number, is_new=is_new)
    found = await warnings(registry, version)
    return UploadView(
        name=version.name,
        version=number,
        hash=version.hash,
        is_new=is_new,
        is_active=change.workflow.active_version == number,
        coverage=await version_coverage(registry, record(version, number=number)),
        warnings=first_warnings(found),
        warning_count=len(found),
    )


async def validate_workflow(registry: Registry, query: ValidateWorkflow) -> ValidationView:
    """Return what an upload would become."""
    require(query.actor)
    version = await check(registry, query)
    known = await registry.workflows.find(version.name)
    numbers = {digest: number for number, digest in known.versions.items()} if known else {}
    changes, change_count = await differences_from_active(registry, known, version)
    found = await warnings(registry, version)
    return ValidationView(
        name=version.name,
        hash=version.hash,
        version=numbers.get(version.hash),
        spec=version.spec.content(),
        coverage=await version_coverage(registry, record(version, number=DRAFT_NUMBER)),
        differences=fitting(changes, MAX_LIST_BYTES),
        difference_count=change_count,
        warnings=first_warnings(found),
        warning_count=len(found),
    )


async def check(registry: Registry, request: UploadWorkflow | ValidateWorkflow) -> WorkflowVersion:
    """Check the version with the library that came along, else with that of the folder.

    So a spec means the same here as where it comes from.
    """
    library = registry.folder.library if request.library is None else request.library
    return await asyncio.to_thread(
        checked_version, request.spec, request.graph, library, registry.rules
    )


async def warnings(registry: Registry, version: WorkflowVersion) -> list[FieldError]:
    classes = registry.rules.classes
    found = await asyncio.to_thread(compatibility_warnings, version.graph, version.spec, classes)
    return [*version.left_out, *found]


async def propose_spec(registry: Registry, query: ProposeSpec) -> ProposalView:
    """Draft a spec for a bare graph."""
    require(query.actor)
    return await asyncio.to_thread(proposal, query, registry.rules)


def proposal(query: ProposeSpec, rules: Rules) -> ProposalView:
    left_out: list[FieldError] = []
    graph = load_graph(query.graph, rules.classes or None, left_out)
    check = partial(checked_version, library=None, rules=rules)
    draft = propose(graph, query.name, rules.classes, check)
    version = checked_version(draft, graph, None, rules)
    found = [*left_out, *refused_places(graph, version.spec, rules.classes)]
    return ProposalView(
        spec=draft, graph=graph, warnings=first_warnings(found), warning_count=len(found)
    )


async def differences_from_active(
    registry: Registry, known: WorkflowEntry | None, version: WorkflowVersion
) -> tuple[list[Difference], int]:
    """Return the first differences from the active version, and how many there are."""
    active = active_hash(known) if known else None
    if active is None:
        return [], 0
    before = (await registry.workflows.version(active)).model_dump(include={"graph", "spec"})
    return await asyncio.to_thread(differences, before, version.content())


async def activate_version(registry: Registry, command: ActivateVersion) -> WorkflowEntry:
    """Make a version current; an older one is a rollback."""
    require(command.actor)
    known = existing(await registry.workflows.find(command.name), command.name)
    version_hash = known.versions.get(command.version)
    if version_hash is None:
        raise NotFoundError(f"workflow {command.name} has no version {command.version}")
    stored = await registry.workflows.version(version_hash)
    version = WorkflowVersion.model_validate(stored, from_attributes=True)

    def into(current: WorkflowEntry) -> WorkflowEntry:
        return activated(editable(current), version)

    return await change(registry, command.name, into, command.actor.user_id)


async def change_workflow(registry: Registry, command: ChangeWorkflow) -> WorkflowEntry:
    """Switch a workflow on or off, or list it under another category."""
    require(command.actor)
    into = partial(switched, is_enabled=command.is_enabled, category=command.category)
    return await change(registry, command.name, into, command.actor.user_id)


async def delete_workflow(registry: Registry, command: DeleteWorkflow) -> WorkflowEntry:
    require(command.actor)
    return await change(registry, command.name, deleted, command.actor.user_id)


async def change(
    registry: Registry, name: str, into: Callable[[WorkflowEntry], WorkflowEntry], author: UUID
) -> WorkflowEntry:
    """Change one workflow. Raises NotFound, and what `into` raises."""

    def decide(known: Mapping[str, WorkflowEntry]) -> list[Change]:
        return [Change(into(existing(known.get(name), name)))]

    [done] = await registry.workflows.update(decide, author)
    log.info("workflow_changed", workflow=name, active_version=done.workflow.active_version)
    return published(done.workflow)


async def list_versions(registry: Registry, query: ListVersions) -> VersionPage:
    require(query.actor, Permission.WORKFLOWS_READ)
    items = await registry.workflows.versions(query.name, MAX_VERSIONS)
    if not items:
        raise NotFoundError(f"there is no workflow {query.name}")
    return VersionPage(items=list(items))


async def find_coverage(registry: Registry, query: FindCoverage) -> CoverageView:
    require(query.actor, Permission.WORKFLOWS_READ)
    version = await registry.workflows.version(query.version_hash)
    return await version_coverage(registry, version)


async def sync_bucket(registry: Registry) -> None:
    """Make everything that is published about workflows equal to the database."""
    await registry.bucket.sync()
    if registry.folder.is_adopted:
        await registry.bucket.put_folder_reading()

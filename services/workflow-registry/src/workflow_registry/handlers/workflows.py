"""What people do with workflows: upload, compare, activate, switch off, delete."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
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
    VersionList,
)
from contracts.registry.workflows import WorkflowName
from workflow_registry.domain.catalogue import (
    Change,
    chosen,
    deleted,
    existing,
    number_of,
    published,
    switched,
    upload,
)
from workflow_registry.domain.checking import Rules, checked_version, record
from workflow_registry.handlers.fleet import Fleet
from workflow_registry.handlers.folder import Shelf
from workflow_registry.ports import Catalogue
from workflows import Spec, WorkflowVersion, load_raw
from workflows.authoring.differences import differences
from workflows.authoring.proposal import propose
from workflows.compatibility.incompatible import compatibility_warnings

log = structlog.get_logger()

MOST_VERSIONS = 500
MOST_WARNINGS = 100
DRAFT_NUMBER = 1


@dataclass(frozen=True, slots=True)
class Desk:
    """What every request of a person needs."""

    catalogue: Catalogue
    fleet: Fleet
    shelf: Shelf
    forbidden: tuple[str, ...]

    @property
    def rules(self) -> Rules:
        return Rules(self.forbidden, self.fleet.together.classes)

    async def check(self, sent: UploadWorkflow | ValidateWorkflow) -> WorkflowVersion:
        """With the library that came along: the spec means what it means where it comes from."""
        library = self.shelf.library if sent.library is None else sent.library
        return await asyncio.to_thread(checked_version, sent.spec, sent.graph, library, self.rules)


def require(actor: Actor, permission: Permission = Permission.WORKFLOWS_WRITE) -> None:
    if not actor.may(permission):
        raise ForbiddenError(f"this needs the permission {permission}", code="missing_permission")


async def take_upload(desk: Desk, request: UploadWorkflow) -> UploadView:
    """Keep the version as a draft, or make it current."""
    require(request.actor)
    version = await desk.check(request)
    is_new = False

    def decide(known: Mapping[str, WorkflowName]) -> list[Change]:
        nonlocal is_new
        change = upload(known.get(version.name), version, activate=request.activate)
        is_new = change.added is not None
        return [change]

    [change] = await desk.catalogue.update(decide, request.actor.user_id)
    number = number_of(change.workflow, version.hash)
    log.info("workflow_uploaded", workflow=version.name, version=number, is_new=is_new)
    return UploadView(
        name=version.name,
        version=number,
        hash=version.hash,
        is_new=is_new,
        is_active=change.workflow.active_version == number,
        coverage=await desk.fleet.coverage(record(version, number=number)),
        warnings=await warnings(desk, version),
    )


async def validate(desk: Desk, request: ValidateWorkflow) -> ValidationView:
    """Say what an upload would become."""
    require(request.actor)
    version = await desk.check(request)
    known = await desk.catalogue.find(version.name)
    numbers = {digest: number for number, digest in known.versions.items()} if known else {}
    return ValidationView(
        name=version.name,
        hash=version.hash,
        version=numbers.get(version.hash),
        spec=version.spec.content(),
        coverage=await desk.fleet.coverage(record(version, number=DRAFT_NUMBER)),
        differences=await news(desk, known, version),
        warnings=await warnings(desk, version),
    )


async def warnings(desk: Desk, version: WorkflowVersion) -> list[FieldError]:
    classes = desk.rules.classes
    found = await asyncio.to_thread(compatibility_warnings, version.graph, version.spec, classes)
    return found[:MOST_WARNINGS]


async def propose_spec(desk: Desk, request: ProposeSpec) -> ProposalView:
    """Draft a spec for a bare graph."""
    require(request.actor)
    return await asyncio.to_thread(drafted, request, desk.rules)


def drafted(request: ProposeSpec, rules: Rules) -> ProposalView:
    graph = load_raw(request.graph, rules.classes or None).graph
    return ProposalView(spec=propose(graph, request.name, rules.classes), graph=graph)


async def news(
    desk: Desk, known: WorkflowName | None, version: WorkflowVersion
) -> list[Difference]:
    """What differs from the active version; none if there is none."""
    active = known.versions.get(known.active_version or 0) if known else None
    if active is None:
        return []
    before = await desk.catalogue.version(active)
    found, _ = await asyncio.to_thread(
        differences,
        {"graph": before.graph, "spec": before.spec},
        {"graph": version.graph, "spec": version.spec.content()},
    )
    return found


async def activate(desk: Desk, request: ActivateVersion) -> WorkflowName:
    """Make a version current; an older one is a rollback."""
    require(request.actor)
    known = existing(await desk.catalogue.find(request.name), request.name)
    digest = known.versions.get(request.version)
    if digest is None:
        raise NotFoundError(f"workflow {request.name} has no version {request.version}")
    stored = await desk.catalogue.version(digest)
    version = WorkflowVersion(
        name=stored.name,
        graph=stored.graph,
        spec=Spec.model_validate(stored.spec),
        hash=stored.hash,
    )
    return await change(desk, request.name, partial(chosen, version=version), request.actor.user_id)


async def change_workflow(desk: Desk, request: ChangeWorkflow) -> WorkflowName:
    require(request.actor)
    changing = partial(switched, active=request.is_enabled, category=request.category)
    return await change(desk, request.name, changing, request.actor.user_id)


async def delete(desk: Desk, request: DeleteWorkflow) -> WorkflowName:
    require(request.actor)
    return await change(desk, request.name, deleted, request.actor.user_id)


async def change(
    desk: Desk, name: str, into: Callable[[WorkflowName], WorkflowName], author: UUID
) -> WorkflowName:
    """Change one workflow. Raises NotFound, and what `into` raises."""

    def decide(known: Mapping[str, WorkflowName]) -> list[Change]:
        return [Change(into(existing(known.get(name), name)))]

    [done] = await desk.catalogue.update(decide, author)
    log.info("workflow_changed", workflow=name, active_version=done.workflow.active_version)
    return published(done.workflow)


async def list_versions(desk: Desk, request: ListVersions) -> VersionList:
    require(request.actor, Permission.WORKFLOWS_READ)
    items = await desk.catalogue.versions(request.name, MOST_VERSIONS)
    if not items:
        raise NotFoundError(f"there is no workflow {request.name}")
    return VersionList(items=list(items))


async def find_coverage(desk: Desk, request: FindCoverage) -> CoverageView:
    require(request.actor, Permission.WORKFLOWS_READ)
    return await desk.fleet.coverage(await desk.catalogue.version(request.version_hash))

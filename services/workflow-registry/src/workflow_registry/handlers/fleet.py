"""Nodes and their servers: descriptions, published classes, and coverage of the workflows."""

import asyncio
import base64
import binascii
import contextlib
from collections.abc import Mapping, Sequence

import structlog

from contracts.errors import InvalidError, NotFoundError, UnavailableError
from contracts.registry.requests import (
    CoverageView,
    DescriptionView,
    FindDescription,
    StoreDescription,
)
from contracts.registry.workflows import ServerClasses, WorkflowEntry, WorkflowVersionRecord
from contracts.scheduler.node_events import NodeEvent
from contracts.values import Unmet
from runtime import clock
from runtime.wait import wait_for
from workflow_registry.domain.coverage import (
    UnmetByDigest,
    coverage,
    is_runnable,
    nearest,
    unmet_requirements,
)
from workflow_registry.domain.descriptions import Description, model_pages
from workflow_registry.domain.lifecycle import Coverage, active_hash, coverage_changes
from workflow_registry.domain.server_classes import server_classes
from workflow_registry.handlers.folder import adopt_folder
from workflow_registry.service import Registry
from workflows import Spec

log = structlog.get_logger()

POLL_SECONDS = 10.0
MAX_UNITED = 8


async def find_description(registry: Registry, query: FindDescription) -> DescriptionView:
    return DescriptionView(is_known=bool(await registry.descriptions.known([query.digest])))


async def store_description(registry: Registry, command: StoreDescription) -> DescriptionView:
    """Store one page; the last one makes the registry look at the fleet."""
    page, pages = command.page, command.pages
    if page >= pages:
        raise InvalidError(f"page {page} is not below {pages}", code="bad_page")
    try:
        data = base64.b64decode(command.data, validate=True)
    except binascii.Error as error:
        raise InvalidError("the page is not base64", code="bad_page") from error
    is_known = await registry.descriptions.add(command.digest, page, pages, data)
    if is_known:
        registry.fleet_changed.set()
    return DescriptionView(is_known=is_known)


async def prune_descriptions(registry: Registry) -> None:
    """Delete descriptions that no node had for a week."""
    await registry.descriptions.prune(registry.fleet.stored)


async def refresh_fleet(registry: Registry, event: NodeEvent) -> None:
    """Look at the fleet, unless a look began after the event, so a hundred events cost one look.

    Raises Unavailable as `look_at_fleet` does; the event then stays until a look succeeds.
    """
    async with registry.looking:
        seen_at = registry.fleet.seen_at
        if seen_at is None or event.occurred_at >= seen_at:
            await look_at_fleet(registry)


async def watch_fleet(registry: Registry) -> None:
    """Look at the fleet when a description or a workflow changed, and every 10 s."""
    await wait_for(registry.fleet_changed, POLL_SECONDS)
    registry.fleet_changed.clear()
    async with registry.looking:
        await look_at_fleet(registry)


async def look_at_fleet(registry: Registry) -> None:
    """List the nodes and what they can run.

    Raises Unavailable if the scheduler, Postgres or the bucket does not answer.
    """
    begun = clock.now()
    names = await registry.bucket.names()
    has_changed, files = await update_nodes(registry), registry.folder.files
    if has_changed and files is not None:  # workflows that were broken may have their classes now
        await adopt_folder(registry, files)
    await publish_servers(registry, names)
    await update_coverage(registry, names)
    registry.fleet.seen_at = begun


async def update_nodes(registry: Registry) -> bool:
    """Read the nodes; return whether the fleet has other classes or models than before."""
    fleet = registry.fleet
    fleet.nodes = await registry.nodes.all()
    digests = {node.digest for node in fleet.nodes if node.digest and node.is_enabled}
    fleet.stored = frozenset(await registry.descriptions.known(digests) if digests else ())
    has_changed = await unite(registry, fleet.stored)
    fleet.described = frozenset(
        digest for digest in fleet.stored if fleet.parsed[digest].is_readable
    )
    return has_changed


async def restore_fleet(registry: Registry) -> None:
    """Before any node was seen, take the classes and models of the newest descriptions."""
    await unite(registry, frozenset(await registry.descriptions.newest(MAX_UNITED)))


async def unite(registry: Registry, digests: frozenset[str]) -> bool:
    if digests == registry.fleet.united or not digests:
        return False
    for digest in sorted(digests):
        await parsed(registry, digest)
    registry.fleet.unite(digests)
    return True


async def parsed(registry: Registry, digest: str) -> Description:
    """Return the description, parsed once. Raises Unavailable if it is gone."""
    if found := registry.fleet.parsed.get(digest):
        return found
    try:
        description = await registry.descriptions.read(digest)
    except NotFoundError as error:
        raise UnavailableError("a server's description is gone") from error
    return registry.fleet.add(digest, description)


async def publish_servers(registry: Registry, names: Mapping[str, WorkflowEntry]) -> None:
    """Publish models and classes. While no server is described, which may be short, do nothing."""
    fleet = registry.fleet
    if not fleet.described:
        return
    versions = frozenset(
        version_hash
        for workflow in names.values()
        if not workflow.is_deleted
        for version_hash in workflow.versions.values()
    )
    if versions != fleet.versions:
        fleet.versions, fleet.used = versions, await registry.workflows.classes()
    servers = [await used_classes(registry, digest) for digest in sorted(fleet.described)]
    await registry.bucket.put_servers(model_pages(fleet.together.models), servers)


async def used_classes(registry: Registry, digest: str) -> ServerClasses:
    """Reduce a description to the classes in use, once, in a thread: it has thousands."""
    key = (digest, registry.fleet.used)
    if key not in registry.fleet.server_classes:
        description = await parsed(registry, digest)
        found = await asyncio.to_thread(server_classes, digest, description, registry.fleet.used)
        registry.fleet.server_classes[key] = found
    return registry.fleet.server_classes[key]


async def update_coverage(registry: Registry, names: Mapping[str, WorkflowEntry]) -> None:
    """Store for every active version whether the fleet can run it, if that changed."""
    found: dict[str, Coverage] = {}
    for version_hash in filter(None, map(active_hash, names.values())):
        # it may be missing: the bucket is ahead of, or behind, the database
        with contextlib.suppress(NotFoundError):
            unmet = await unmet_by_digest(registry, version_hash)
            runnable = is_runnable(registry.fleet.nodes, unmet)
            lacking = [] if runnable else nearest(unmet)
            found[version_hash] = {"is_runnable": runnable, "unmet": lacking}
    if not coverage_changes(names, found):
        return
    for change in await registry.workflows.update(lambda stored: coverage_changes(stored, found)):
        log.info(
            "workflow_coverage_changed",
            workflow=change.workflow.name,
            is_runnable=change.workflow.is_runnable,
            unmet=[entry.name for entry in change.workflow.unmet[:3]],
        )


async def version_coverage(registry: Registry, version: WorkflowVersionRecord) -> CoverageView:
    """Return which nodes can run the version."""
    found = await unmet_by_digest(registry, version.hash, version)
    return coverage(registry.fleet.nodes, found)


async def unmet_by_digest(
    registry: Registry, version_hash: str, version: WorkflowVersionRecord | None = None
) -> UnmetByDigest:
    """Return the unmet requirements on each kind of server, worked out once, in a thread.

    Without `version`, it is read if it is needed. Raises NotFound.
    """
    results, found = registry.fleet.results, dict[str, Sequence[Unmet]]()
    for digest in sorted(registry.fleet.described):
        key = (digest, version_hash)
        if key not in results:
            version = version or await registry.workflows.version(version_hash)
            spec, server = Spec.model_validate(version.spec), await parsed(registry, digest)
            results[key] = await asyncio.to_thread(unmet_requirements, version.graph, spec, server)
        found[digest] = results[key]
    return found

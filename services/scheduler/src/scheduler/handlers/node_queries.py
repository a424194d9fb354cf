"""Answers queries about nodes, from the state."""

from uuid import UUID

from pydantic import NonNegativeInt, TypeAdapter

from contracts.errors import NotFoundError
from contracts.scheduler.job_requests import ModelFile
from contracts.scheduler.node_requests import (
    CapabilityNames,
    FindNode,
    ListCapabilities,
    ListNodes,
    NodePage,
)
from contracts.scheduler.nodes import NodeView
from contracts.values import PAGE_BYTES, fitting
from runtime.cursor import Cursors
from scheduler.domain.nodes import Node, NodeCapabilities
from scheduler.domain.views import node_view
from scheduler.service import Scheduler

CURSORS = Cursors("capabilities", TypeAdapter(tuple[NonNegativeInt, str]))
"""The place is a number of names, and the digest for which it counts."""


async def list_nodes(scheduler: Scheduler, query: ListNodes) -> NodePage:
    context, after = scheduler.read_context(scheduler.current_term()), query.cursor or ""
    nodes = sorted(context.state.nodes.values(), key=lambda node: node.id)
    behind = [node for node in nodes if str(node.id) > after]
    items = fitting(node_view(context, node) for node in behind)
    has_more = len(items) < len(behind)
    return NodePage(items=items, next_cursor=str(items[-1].id) if has_more else None)


async def find_node(scheduler: Scheduler, query: FindNode) -> NodeView:
    context = scheduler.read_context(scheduler.current_term())
    return node_view(context, known_node(scheduler, query.node_id))


async def list_capabilities(scheduler: Scheduler, query: ListCapabilities) -> CapabilityNames:
    """Show the names from the cursor's place on; the cursor counts for one digest."""
    found = known_node(scheduler, query.node_id).capabilities
    names = [*sorted(found.classes), *sorted(found.models, key=lambda one: (one.folder, one.name))]
    first, left = place_of(query.cursor, found), PAGE_BYTES - size_of_devices(found)
    last = first
    for entry in names[first:]:
        left -= size_of(entry)
        if left < 0 and last > first:
            break
        last += 1
    page = names[first:last]
    return CapabilityNames(
        digest=found.digest or None,
        engine_version=found.engine_version,
        devices=list(found.devices),
        classes=[entry for entry in page if isinstance(entry, str)],
        models=[entry for entry in page if isinstance(entry, ModelFile)],
        next_cursor=CURSORS.write((last, found.digest)) if last < len(names) else None,
    )


def known_node(scheduler: Scheduler, node_id: UUID) -> Node:
    node = scheduler.current_term().state.nodes.get(node_id)
    if node is None:
        raise NotFoundError("there is no such node")
    return node


def place_of(cursor: str | None, found: NodeCapabilities) -> int:
    """Return the number of names before the page. Raises InvalidError for any other cursor."""
    if (place := CURSORS.read(cursor)) is None:
        return 0
    number, digest = place
    if digest != found.digest:
        raise CURSORS.refusal()
    return number


def size_of(entry: str | ModelFile) -> int:
    """Return the most bytes of the name as JSON: six for a character, and its frame."""
    texts = (entry,) if isinstance(entry, str) else (entry.folder, entry.name)
    return sum(len(text.encode()) if text.isprintable() else 6 * len(text) for text in texts) + 40


def size_of_devices(found: NodeCapabilities) -> int:
    return sum(len(device.model_dump_json().encode()) + 1 for device in found.devices)

"""Reads lists whose owner answers with as many items as fit into one message."""

from contracts.access import Actor
from contracts.scheduler.node_requests import ListNodes
from contracts.scheduler.nodes import NodeView
from runtime.bus.client import Bus


async def every_node(bus: Bus, actor: Actor) -> list[NodeView]:
    """Return the nodes of all pages, by id."""
    nodes: list[NodeView] = []
    cursor: str | None = None
    while True:
        page = await bus.call(ListNodes(actor=actor, cursor=cursor))
        nodes += page.items
        if (cursor := page.next_cursor) is None:
            return nodes

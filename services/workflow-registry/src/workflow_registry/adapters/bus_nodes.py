"""Nodes as the scheduler lists them."""

from uuid import UUID

from contracts.access import Actor, Permission
from contracts.scheduler.nodes import ListNodes, NodeView
from runtime.bus.client import Bus

REGISTRY = Actor(user_id=UUID(int=0), permissions=frozenset({Permission.NODES_READ}))


class BusNodes:
    def __init__(self, bus: Bus) -> None:
        self._bus = bus

    async def all(self) -> list[NodeView]:
        return (await self._bus.call(ListNodes(actor=REGISTRY))).items

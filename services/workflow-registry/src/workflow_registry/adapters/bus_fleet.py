"""The scheduler's nodes, asked over the bus; the fleet's model files, told through the bucket."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from contracts.access import Actor, Permission
from contracts.buckets import WORKFLOWS
from contracts.catalog import ModelFolder
from contracts.nodes import ListNodes, NodeView
from runtime import outbox
from runtime.bus import Bus
from runtime.mending import corrections
from runtime.transactions import transaction
from runtime.watch import Mirror

REGISTRY = Actor(user_id=UUID(int=0), permissions=frozenset({Permission.NODES_READ}))


class BusNodes:
    def __init__(self, bus: Bus) -> None:
        self._bus = bus

    async def all(self) -> list[NodeView]:
        return (await self._bus.call(ListNodes(actor=REGISTRY))).items


class BucketModelFolders:
    """Publishes what differs from the bucket as it was last seen."""

    def __init__(self, engine: AsyncEngine, seen: Mirror[ModelFolder], relay: outbox.Relay) -> None:
        self._engine = engine
        self._seen = seen
        self._relay = relay

    async def publish(self, folders: Mapping[str, Sequence[str]]) -> None:
        wanted = {
            f"models.{folder}": ModelFolder(folder=folder, names=list(names))
            for folder, names in folders.items()
            if is_key(folder)
        }
        if not self._seen.ready.is_set():
            return
        if changed := corrections(WORKFLOWS, wanted, self._seen.entries):
            async with transaction(self._engine) as connection:
                for message in changed:
                    await outbox.append(connection, [message])
            self._relay.nudge()


def is_key(folder: str) -> bool:
    """Custom nodes name folders as they like; a key of a bucket has no spaces and wildcards."""
    return folder.replace("_", "").replace("-", "").isalnum() and folder.isascii()

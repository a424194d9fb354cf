"""The scheduler's nodes, asked over the bus; what they offer, told through the bucket."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from contracts.access import Actor, Permission
from contracts.registry.workflows import ModelFolder, ServerClasses
from contracts.scheduler.nodes import ListNodes, NodeView
from contracts.services import WORKFLOWS
from runtime.bus.bucket_watch import Mirror
from runtime.bus.client import Bus
from runtime.outbox import messages as outbox
from runtime.outbox.projection import corrections
from runtime.outbox.relay import Relay
from runtime.postgres.transaction import transaction

REGISTRY = Actor(user_id=UUID(int=0), permissions=frozenset({Permission.NODES_READ}))


class BusNodes:
    def __init__(self, bus: Bus) -> None:
        self._bus = bus

    async def all(self) -> list[NodeView]:
        return (await self._bus.call(ListNodes(actor=REGISTRY))).items


class BucketOffers:
    """Publishes what differs from the bucket as it was last seen."""

    def __init__(
        self,
        engine: AsyncEngine,
        folders: Mirror[ModelFolder],
        servers: Mirror[ServerClasses],
        relay: Relay,
    ) -> None:
        self._engine = engine
        self._folders = folders
        self._servers = servers
        self._relay = relay

    async def publish(
        self, folders: Mapping[str, Sequence[str]], servers: Sequence[ServerClasses]
    ) -> None:
        if not (self._folders.ready.is_set() and self._servers.ready.is_set()):
            return
        models = {
            f"models.{folder}": ModelFolder(folder=folder, names=list(names))
            for folder, names in folders.items()
            if is_key(folder)
        }
        classes = {f"classes.{server.digest}": server for server in servers}
        changed = corrections(WORKFLOWS, models, self._folders.entries)
        changed += corrections(WORKFLOWS, classes, self._servers.entries)
        if changed:
            async with transaction(self._engine) as connection:
                for message in changed:
                    await outbox.append(connection, [message])
            self._relay.nudge()


def is_key(folder: str) -> bool:
    """Custom nodes name folders as they like; a key of a bucket has no spaces and wildcards."""
    return folder.replace("_", "").replace("-", "").isalnum() and folder.isascii()

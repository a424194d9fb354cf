"""The scheduler's nodes and jobs, and the bucket `workflows`, over the bus."""

from collections.abc import Callable, Sequence
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from contracts.access import Actor, Permission
from contracts.registry.workflows import FolderReading, ModelFolder, ServerClasses, WorkflowEntry
from contracts.scheduler.job_requests import ListNeededGraphs
from contracts.scheduler.nodes import NodeView
from contracts.services import WORKFLOWS
from runtime.bus.bucket import read_keys
from runtime.bus.client import Bus
from runtime.bus.pages import every_node
from runtime.outbox.messages import Outgoing, append
from runtime.outbox.projection import Projection, Sync
from runtime.postgres.transaction import transaction
from runtime.process.service import Runtime
from workflow_registry.adapters.sql_graphs import SqlGraphs, version_key
from workflow_registry.adapters.sql_workflows import SqlWorkflows

REGISTRY = Actor(user_id=UUID(int=0), permissions=frozenset({Permission.NODES_READ}))


class BusNodes:
    def __init__(self, bus: Bus) -> None:
        self._bus = bus

    async def all(self) -> list[NodeView]:
        return await every_node(self._bus, REGISTRY)


class BusJobs:
    def __init__(self, bus: Bus) -> None:
        self._bus = bus

    async def needed_graphs(self) -> set[str]:
        hashes, page = set[str](), await self._bus.call(ListNeededGraphs())
        while page.next_cursor:
            hashes.update(page.hashes)
            page = await self._bus.call(ListNeededGraphs(cursor=page.next_cursor))
        return hashes | set(page.hashes)


class WorkflowsBucket:
    """Follows the bucket, and publishes what differs from Postgres and from the fleet."""

    def __init__(
        self,
        engine: AsyncEngine,
        workflows: SqlWorkflows,
        graphs: SqlGraphs,
        bus: Bus,
        committed: Callable[[], None],
        fleet_changed: Callable[[], None],
    ) -> None:
        self._engine = engine
        self._workflows = workflows
        self._graphs = graphs
        self._bus = bus
        self._committed = committed
        self._sync = Sync()
        lost = self._sync.demand
        self._names = Projection(WORKFLOWS, WorkflowEntry, "name.>", fleet_changed, lost)
        self._models = Projection(WORKFLOWS, ModelFolder, "models.>", on_loss=fleet_changed)
        self._classes = Projection(WORKFLOWS, ServerClasses, "classes.>", on_loss=fleet_changed)
        self._folder = Projection(WORKFLOWS, FolderReading, "folder", on_loss=lost)

    def follow(self, runtime: Runtime) -> None:
        runtime.spawn(self._names.follow(runtime.bus), name="published names")
        runtime.spawn(self._models.follow(runtime.bus), name="published models")
        runtime.spawn(self._classes.follow(runtime.bus), name="published classes")
        runtime.spawn(self._folder.follow(runtime.bus), name="published folder reading")

    async def names(self) -> dict[str, WorkflowEntry]:
        await self._names.wait_until_known()
        return {workflow.name: workflow for workflow in self._names.entries.values()}

    async def put_servers(
        self, models: Sequence[ModelFolder], servers: Sequence[ServerClasses]
    ) -> None:
        pages = {model_key(page): page for page in models if is_key(page.folder)}
        classes = {f"classes.{server.digest}": server for server in servers}
        await self._models.wait_until_known()
        await self._classes.wait_until_known()
        await self._put(self._models.corrections(pages) + self._classes.corrections(classes))

    async def put_folder_reading(self) -> None:
        await self._folder.wait_until_known()
        await self._put(self._folder.corrections({"folder": FolderReading()}))

    async def _put(self, changed: Sequence[Outgoing]) -> None:
        if changed:
            async with transaction(self._engine) as connection:
                for message in changed:
                    await append(connection, [message])
            self._committed()

    async def sync(self) -> None:
        """Publish names and versions that differ, and then raw graphs that readers lack.

        Not by `Projection.correct`: a name must follow the versions to which it leads.
        """
        async with self._sync.when_due():
            await self._names.wait_until_known()
            keys = await read_keys(self._bus, WORKFLOWS, version_key(">"))
            hashes = {key.removeprefix(version_key("")) for key in keys}
            await self._workflows.sync(self._names.entries, hashes)
            await self._graphs.publish_missing(hashes, BusJobs(self._bus).needed_graphs)


def model_key(models: ModelFolder) -> str:
    first = f"models.{models.folder}"
    return f"{first}.{models.page}" if models.page else first


def is_key(folder: str) -> bool:
    """Custom nodes name folders freely; a key of a bucket has no spaces and wildcards."""
    return folder.replace("_", "").replace("-", "").isalnum() and folder.isascii()

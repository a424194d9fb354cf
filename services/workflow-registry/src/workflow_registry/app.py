"""The workflow registry, put together."""

import asyncio
from functools import partial

from contracts.buckets import WORKFLOWS
from contracts.catalog import WorkflowName
from contracts.errors import UnavailableError
from runtime.bus import Bus
from runtime.database import database
from runtime.outbox import Relay
from runtime.schema import verify
from runtime.service import Runtime, running
from runtime.ticking import every
from runtime.watch import Mirror
from workflow_registry.adapters.folder import Folder
from workflow_registry.adapters.sql_catalogue import SqlCatalogue
from workflow_registry.handlers import Shelf, adopt_folder
from workflow_registry.settings import RegistrySettings

TICK_SECONDS = 60.0
RETRY_SECONDS = 1.0
SNAPSHOT_SECONDS = 10.0


async def run(settings: RegistrySettings) -> None:
    """Serve until told to stop."""
    async with database(settings) as engine, running(settings, "workflow-registry") as runtime:
        await verify(engine, "workflow_registry")
        relay = Relay(engine, runtime.bus)
        catalogue = SqlCatalogue(engine, relay.nudge)
        names = Mirror(WorkflowName)

        runtime.spawn(relay.run(), name="outbox")
        runtime.spawn(names.follow(runtime.bus, WORKFLOWS, "name.>"), name="names")
        mending = partial(mend, runtime.bus, catalogue, names)
        runtime.spawn(every(TICK_SECONDS, mending, name="mend"), name="mend")
        runtime.spawn(follow(Folder(settings.workflows_dir), catalogue, runtime), name="folder")
        await runtime.stop.wait()


async def follow(folder: Folder, catalogue: SqlCatalogue, runtime: Runtime) -> None:
    """Adopt the folder as it is, be ready, and adopt every change of it."""
    shelf = Shelf()
    async for files in folder.changes():
        while True:
            try:
                await adopt_folder(catalogue, shelf, files)
            except UnavailableError:
                await asyncio.sleep(RETRY_SECONDS)
            else:
                break
        if not runtime.health.is_ready:
            runtime.ready()


async def mend(bus: Bus, catalogue: SqlCatalogue, names: Mirror[WorkflowName]) -> None:
    """Make the bucket equal to the catalogue, once the bucket was seen."""
    try:
        async with asyncio.timeout(SNAPSHOT_SECONDS):
            await names.ready.wait()
    except TimeoutError:
        raise UnavailableError("the bucket cannot be read") from None
    versions = await bus.bucket(WORKFLOWS).keys("version.>")
    await catalogue.mend(names.entries, versions)

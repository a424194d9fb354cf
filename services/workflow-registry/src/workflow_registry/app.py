"""The workflow registry, put together."""

import asyncio
import contextlib
from dataclasses import dataclass
from functools import partial

from contracts.errors import UnavailableError
from contracts.registry.requests import (
    ActivateVersion,
    ChangeWorkflow,
    DeleteWorkflow,
    FindCoverage,
    FindDescription,
    ListVersions,
    ProposeSpec,
    StoreDescription,
    UploadWorkflow,
    ValidateWorkflow,
)
from contracts.registry.workflows import ModelFolder, ServerClasses, WorkflowName
from contracts.services import WORKFLOWS
from runtime.bus.bucket_watch import Mirror
from runtime.bus.client import Bus
from runtime.outbox.relay import Relay
from runtime.postgres.engine import database, driver
from runtime.postgres.schema import verify
from runtime.process.service import Runtime, running
from runtime.process.tables import every
from workflow_registry.adapters.bus_fleet import BucketOffers, BusNodes
from workflow_registry.adapters.folder import Folder
from workflow_registry.adapters.sql_catalogue import SqlCatalogue
from workflow_registry.adapters.sql_descriptions import SqlDescriptions
from workflow_registry.handlers.describing import find_description, store_description
from workflow_registry.handlers.fleet import Fleet, judge_workflows
from workflow_registry.handlers.folder import Shelf, adopt_again
from workflow_registry.handlers.telling import Board, tell_gateways
from workflow_registry.handlers.workflows import (
    Desk,
    activate,
    change_workflow,
    delete,
    find_coverage,
    list_versions,
    propose_spec,
    take_upload,
    validate,
)
from workflow_registry.settings import RegistrySettings

TICK_SECONDS = 60.0
LOOK_SECONDS = 10.0
REST_SECONDS = 0.3
"""Between two looks, however much changes."""
RETRY_SECONDS = 1.0
SNAPSHOT_SECONDS = 10.0
CHECKS_AT_ONCE = 4
"""A check may take a second of processor time."""


@dataclass(frozen=True, slots=True)
class Watch:
    """What looking at the fleet needs."""

    desk: Desk
    nodes: BusNodes
    board: Board
    names: Mirror[WorkflowName]
    descriptions: SqlDescriptions
    told: asyncio.Event


async def run(settings: RegistrySettings) -> None:
    """Serve until told to stop."""
    async with database(settings) as engine, running(settings, "workflow-registry") as runtime:
        await verify(settings, "workflow_registry")
        bus, relay = runtime.bus, Relay(partial(driver, engine), runtime.bus)
        catalogue, descriptions = SqlCatalogue(engine, relay.nudge), SqlDescriptions(engine)
        told = asyncio.Event()
        names, models = Mirror(WorkflowName, told.set), Mirror(ModelFolder)
        servers = Mirror(ServerClasses)
        desk = Desk(catalogue, Fleet(descriptions), Shelf(), settings.forbidden)
        board = Board(BucketOffers(engine, models, servers, relay))
        watch = Watch(desk, BusNodes(bus), board, names, descriptions, told)

        runtime.spawn(relay.run(), name="outbox")
        runtime.add_warning(relay.warning)
        runtime.spawn(names.follow(bus, WORKFLOWS, "name.>"), name="names")
        runtime.spawn(models.follow(bus, WORKFLOWS, "models.>"), name="models")
        runtime.spawn(servers.follow(bus, WORKFLOWS, "classes.>"), name="servers")
        mending = partial(mend, bus, catalogue, names)
        runtime.spawn(every(TICK_SECONDS, mending, name="mend"), name="mend")
        forgetting = partial(forget, watch)
        runtime.spawn(every(TICK_SECONDS, forgetting, name="forget"), name="forget")
        await desk.fleet.remember()
        runtime.spawn(follow(Folder(settings.workflows_dir), desk, runtime), name="folder")
        runtime.spawn(keep_looking(watch), name="fleet")
        await serve(bus, desk, watch)
        await runtime.stop.wait()


async def serve(bus: Bus, desk: Desk, watch: Watch) -> None:
    """Answer people, through the gateway, and agents."""
    few = CHECKS_AT_ONCE
    await bus.serve(UploadWorkflow, partial(take_upload, desk), concurrency=few)
    await bus.serve(ValidateWorkflow, partial(validate, desk), concurrency=few)
    await bus.serve(ProposeSpec, partial(propose_spec, desk), concurrency=few)
    await bus.serve(ActivateVersion, partial(activate, desk))
    await bus.serve(ChangeWorkflow, partial(change_workflow, desk))
    await bus.serve(DeleteWorkflow, partial(delete, desk))
    await bus.serve(ListVersions, partial(list_versions, desk))
    await bus.serve(FindCoverage, partial(find_coverage, desk), concurrency=few)
    await bus.serve(FindDescription, partial(find_description, watch.descriptions))
    storing = partial(store_description, watch.descriptions, watch.told)
    await bus.serve(StoreDescription, storing, concurrency=few)


async def follow(folder: Folder, desk: Desk, runtime: Runtime) -> None:
    """Adopt the folder as it is, be ready, and adopt every change of it."""
    async for files in folder.changes():
        while True:
            try:
                await desk.shelf.adopt(desk.catalogue, files, desk.rules)
            except UnavailableError:
                await asyncio.sleep(RETRY_SECONDS)
            else:
                break
        if not runtime.health.is_ready:
            runtime.ready()


async def keep_looking(watch: Watch) -> None:
    """For ever: who can run what, again and again, and at once when servers or workflows change."""
    await watch.names.ready.wait()
    while True:
        watch.told.clear()
        with contextlib.suppress(UnavailableError):  # the scheduler, or Postgres, is away
            await look(watch)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LOOK_SECONDS):
                await watch.told.wait()
        await asyncio.sleep(REST_SECONDS)


async def look(watch: Watch) -> None:
    desk, names = watch.desk, watch.names.entries
    if await desk.fleet.see(await watch.nodes.all()):
        await adopt_again(desk.catalogue, desk.shelf, desk.rules)
    await tell_gateways(watch.board, desk.fleet, desk.catalogue, names)
    await judge_workflows(desk.fleet, desk.catalogue, names)


async def forget(watch: Watch) -> None:
    await watch.descriptions.forget(watch.desk.fleet.described)


async def mend(bus: Bus, catalogue: SqlCatalogue, names: Mirror[WorkflowName]) -> None:
    """Make the bucket equal to the catalogue, once the bucket was seen."""
    try:
        async with asyncio.timeout(SNAPSHOT_SECONDS):
            await names.ready.wait()
    except TimeoutError:
        raise UnavailableError("the bucket cannot be read") from None
    versions = await bus.bucket(WORKFLOWS).keys("version.>")
    await catalogue.mend(names.entries, versions)

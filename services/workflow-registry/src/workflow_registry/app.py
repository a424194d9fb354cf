"""The workflow registry's table of contents."""

import asyncio

import stamina
from sqlalchemy.ext.asyncio import AsyncEngine

from contracts.errors import UnavailableError
from contracts.registry.graphs import StoreGraph, UseGraph
from contracts.registry.presets import (
    ChangePreset,
    CreatePreset,
    DeletePreset,
    FindPreset,
    ListPresets,
)
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
from contracts.scheduler.node_events import NodeEvent
from runtime.outbox.relay import Relay
from runtime.process.service import Runtime
from runtime.process.tables import (
    AnswerTable,
    Limited,
    SubscriptionTable,
    TickTable,
    serve,
    start_ticks,
)
from runtime.stateful import running_with_state
from workflow_registry.adapters.bus import BusJobs, BusNodes, WorkflowsBucket
from workflow_registry.adapters.folder import Folder
from workflow_registry.adapters.sql_descriptions import SqlDescriptions
from workflow_registry.adapters.sql_graphs import SqlGraphs
from workflow_registry.adapters.sql_presets import SqlPresets
from workflow_registry.adapters.sql_workflows import SqlWorkflows
from workflow_registry.handlers.fleet import (
    find_description,
    prune_descriptions,
    refresh_fleet,
    restore_fleet,
    store_description,
    watch_fleet,
)
from workflow_registry.handlers.folder import adopt_folder
from workflow_registry.handlers.graphs import prune_graphs, store_graph, use_graph
from workflow_registry.handlers.presets import (
    change_preset,
    create_preset,
    delete_preset,
    find_preset,
    list_presets,
)
from workflow_registry.handlers.workflows import (
    activate_version,
    change_workflow,
    delete_workflow,
    find_coverage,
    list_versions,
    propose_spec,
    sync_bucket,
    upload_workflow,
    validate_workflow,
)
from workflow_registry.service import Registry
from workflow_registry.settings import RegistrySettings

CHECKS = 4
"""Checks at one time: each may take a second of processor time."""

ANSWERS: AnswerTable[Registry] = {
    UploadWorkflow: Limited(upload_workflow, CHECKS),
    ValidateWorkflow: Limited(validate_workflow, CHECKS),
    ProposeSpec: Limited(propose_spec, CHECKS),
    ActivateVersion: activate_version,
    ChangeWorkflow: change_workflow,
    DeleteWorkflow: delete_workflow,
    ListVersions: list_versions,
    FindCoverage: Limited(find_coverage, CHECKS),
    StoreGraph: Limited(store_graph, CHECKS),
    UseGraph: use_graph,
    FindDescription: find_description,
    CreatePreset: create_preset,
    ChangePreset: change_preset,
    DeletePreset: delete_preset,
    FindPreset: find_preset,
    ListPresets: list_presets,
    StoreDescription: Limited(store_description, CHECKS),
}
SUBSCRIPTIONS: SubscriptionTable[Registry] = {NodeEvent: refresh_fleet}
TICKS: TickTable[Registry] = {
    watch_fleet: 0.3,
    sync_bucket: 1.0,
    prune_descriptions: 60.0,
    prune_graphs: 60.0,
}
"""`watch_fleet` itself waits for a change, at most 10 s, and `sync_bucket` for the loss of the
bucket, at most a minute; the pauses bound their load."""


def build(
    settings: RegistrySettings, runtime: Runtime, engine: AsyncEngine, relay: Relay
) -> Registry:
    workflows, fleet_changed = SqlWorkflows(engine, relay.nudge), asyncio.Event()
    graphs = SqlGraphs(engine, relay.nudge, settings.graph_bounds)
    bucket = WorkflowsBucket(engine, workflows, graphs, runtime.bus, relay.nudge, fleet_changed.set)
    bucket.follow(runtime)
    return Registry(
        workflows=workflows,
        graphs=graphs,
        presets=SqlPresets(engine),
        jobs=BusJobs(runtime.bus),
        descriptions=SqlDescriptions(engine),
        nodes=BusNodes(runtime.bus),
        bucket=bucket,
        forbidden=settings.forbidden,
        fleet_changed=fleet_changed,
    )


async def run(settings: RegistrySettings) -> None:
    """Serve until told to stop; ready once the folder was adopted."""
    async with running_with_state(settings, "workflow-registry") as (runtime, engine, relay):
        registry = build(settings, runtime, engine, relay)
        await restore_fleet(registry)
        folder = Folder(settings.workflows_dir)
        runtime.spawn(follow_folder(registry, folder, runtime), name="folder")
        await serve(runtime.bus, registry, ANSWERS, SUBSCRIPTIONS)
        start_ticks(runtime, registry, TICKS)
        await runtime.stop.wait()


async def follow_folder(registry: Registry, folder: Folder, runtime: Runtime) -> None:
    """Adopt the folder as it is, be ready, and adopt every change of it."""
    async for files in folder.changes():
        async for attempt in stamina.retry_context(UnavailableError, attempts=None, timeout=None):
            with attempt:
                await adopt_folder(registry, files)
                await registry.bucket.put_folder_reading()
        if not runtime.health.is_ready:
            runtime.ready()

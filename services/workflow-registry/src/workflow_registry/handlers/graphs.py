"""Raw graphs: what a program runs without a workflow around it."""

import asyncio

import structlog

from contracts.access import Permission
from contracts.registry.graphs import GraphView, StoreGraph, UseGraph
from workflow_registry.domain.raw_graphs import raw_version
from workflow_registry.handlers.workflows import require
from workflow_registry.service import Registry

log = structlog.get_logger()


async def store_graph(registry: Registry, command: StoreGraph) -> GraphView:
    """Check the graph and keep it as a version; a repetition finds it stored."""
    require(command.actor, Permission.GRAPHS_RUN)
    version, media = await asyncio.to_thread(raw_version, command.graph, registry.rules)
    await registry.graphs.keep(command.actor.user_id, version)
    return GraphView(hash=version.hash, inputs=media)


async def use_graph(registry: Registry, command: UseGraph) -> GraphView:
    """Keep a stored graph for another job."""
    require(command.actor, Permission.GRAPHS_RUN)
    await registry.graphs.use(command.actor.user_id, command.hash)
    return GraphView(hash=command.hash)


async def prune_graphs(registry: Registry) -> None:
    """Delete raw graphs that were not used for long, unless a job still needs them."""
    await registry.graphs.prune(registry.jobs.needed_graphs)

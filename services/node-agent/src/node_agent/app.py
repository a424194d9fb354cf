"""The agent: claims nodes of its pool and runs attempts on their engines.

It takes commands only for nodes that it has claimed; `engines_of` lists the engines it has.
"""

import asyncio
import ssl
from collections.abc import AsyncGenerator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from uuid import UUID

import httpx

from contracts.agent import CancelAttempt, JobWatched, OwnerWatched, RunAttempt
from contracts.errors import InvalidError
from contracts.model_files import FetchModel, FindModels
from contracts.node_log import ReadLog
from contracts.node_queue import FindQueue
from contracts.scheduler.claims import ClaimView, SchedulerLed
from contracts.scheduler.nodes import ClaimedNode, NodeEntry
from contracts.services import NODES, WORKFLOWS
from contracts.values import new_id
from node_agent.adapters.disk_models import DiskModels
from node_agent.adapters.managed_servers import running_servers
from node_agent.adapters.model_store import signer
from node_agent.adapters.public_web import PublicWeb
from node_agent.adapters.store import HttpObjectStore
from node_agent.domain.announcements import announcements
from node_agent.domain.managed import ManagedServer
from node_agent.engines.comfyui.engine import open_comfyui
from node_agent.engines.unusable import UnusableEngine
from node_agent.handlers.adoption import to_adopt
from node_agent.handlers.announcements import announce
from node_agent.handlers.beats import remember_watched_job, remember_watched_owner
from node_agent.handlers.claims import follow_leader, keep_claims
from node_agent.handlers.models import fetch_model, find_models
from node_agent.handlers.orders import accept_attempt, cancel_attempt
from node_agent.handlers.queue import find_queue
from node_agent.handlers.servers import hand_back, read_log
from node_agent.ports import Engine, OpenEngine, Version
from node_agent.service import Claim, NodeAgent
from node_agent.settings import NodeAgentSettings
from runtime.bus.bucket import KeptValues, Mirror
from runtime.bus.client import Bus
from runtime.process.service import running
from runtime.process.tables import AnswerTable, SubscriptionTable, serve

ANSWERS: AnswerTable[NodeAgent] = {
    RunAttempt: accept_attempt,
    CancelAttempt: cancel_attempt,
    FindQueue: find_queue,
    ReadLog: read_log,
    FetchModel: fetch_model,
    FindModels: find_models,
}
SUBSCRIPTIONS: SubscriptionTable[NodeAgent] = {
    SchedulerLed: follow_leader,
    JobWatched: remember_watched_job,
    OwnerWatched: remember_watched_owner,
}
MAX_VERSIONS = 256
TRANSFER_TIMEOUT = httpx.Timeout(30.0, connect=5.0, pool=60.0)


def engines_of(settings: NodeAgentSettings) -> dict[str, OpenEngine]:
    """Return the function that opens a session, by the name of the engine."""
    return {"comfyui": lambda entry: open_comfyui(entry, settings)}


async def run(
    settings: NodeAgentSettings, more_engines: Mapping[str, OpenEngine] | None = None
) -> None:
    ca_file = settings.s3_ca_file
    trusted = ssl.create_default_context(cafile=ca_file) if ca_file else True
    async with (
        httpx.AsyncClient(timeout=TRANSFER_TIMEOUT, trust_env=False, verify=trusted) as client,
        running(settings, "node-agent") as runtime,
        AsyncExitStack() as stack,
    ):
        engines = {**engines_of(settings), **(more_engines or {})}
        machine, pool = settings.machine_name, settings.pool
        running_here = running_servers(settings, runtime, machine, pool)
        servers = await stack.enter_async_context(running_here)
        agent = build(settings, runtime.bus, client, engines, servers)
        await serve(agent.bus, agent, subscriptions=SUBSCRIPTIONS)
        runtime.spawn(agent.node_entries.follow(agent.bus), name="nodes")
        await agent.node_entries.ready.wait()
        runtime.spawn(keep_claims(agent, open_claim), name="claims")
        for command in announcements(settings.announce_urls, machine, pool, servers.values()):
            runtime.spawn(announce(agent, command), name=f"announce {command.node_id}")
        await runtime.until_stopped()
        await hand_back(agent, settings.stop_seconds)


def build(
    settings: NodeAgentSettings,
    bus: Bus,
    client: httpx.AsyncClient,
    engines: Mapping[str, OpenEngine],
    servers: Mapping[UUID, ManagedServer],
) -> NodeAgent:
    claims_dirty = asyncio.Event()
    return NodeAgent(
        agent_id=new_id(),
        pool=settings.pool,
        machine=settings.machine_name,
        bus=bus,
        node_entries=Mirror(NODES, NodeEntry, on_change=claims_dirty.set),
        engines=engines,
        servers=servers,
        versions=KeptValues(bus, WORKFLOWS, Version, "version.", MAX_VERSIONS),
        store=HttpObjectStore(client),
        max_output_bytes=settings.max_output_bytes,
        models=models_in(settings, client),
        claims_dirty=claims_dirty,
    )


def models_in(settings: NodeAgentSettings, client: httpx.AsyncClient) -> DiskModels | None:
    if settings.models_dir is None:
        return None
    sign = None
    if settings.models_s3_endpoint:
        sign = signer(
            settings.models_s3_endpoint,
            settings.models_s3_access_key,
            settings.models_s3_secret_key.get_secret_value(),
            region=settings.models_s3_region,
            secure=settings.models_s3_secure,
        )
    web = PublicWeb(client, settings.models_from_private_hosts, sign)
    return DiskModels(settings.models_dir, settings.max_models_bytes, web, settings.machine_name)


@asynccontextmanager
async def open_claim(agent: NodeAgent, view: ClaimView) -> AsyncGenerator[Claim, None]:
    """Open the engine of a claimed node, and take orders for it."""
    async with AsyncExitStack() as stack:
        engine = await open_engine(agent, view.node, stack)
        claim = Claim(agent, view.node, view.claim, engine, to_adopt(view.live))
        claim.trial.ask(view.node.trial)
        agent.claims[claim.id] = claim
        serving = serve(agent.bus, agent, ANSWERS, shared=False, node_id=claim.id)
        await stack.enter_async_context(await serving)
        yield claim


async def open_engine(agent: NodeAgent, entry: ClaimedNode, stack: AsyncExitStack) -> Engine:
    """Return the node's engine; if it cannot be opened, one whose health says why."""
    if entry.engine not in agent.engines:
        return UnusableEngine(f"needs engine {entry.engine!r}, which this agent does not have")
    try:
        return await stack.enter_async_context(agent.engines[entry.engine](entry))
    except InvalidError as error:
        return UnusableEngine(error.message)

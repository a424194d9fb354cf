"""The agent: claims nodes of its pool and runs attempts on their engines.

Commands of one node are answered by its claim; all else belongs to the process.
"""

import asyncio
import ssl
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager

import httpx

from contracts.agent import CancelAttempt, JobWatched, RunAttempt
from contracts.scheduler.claims import ClaimView, SchedulerLed
from contracts.scheduler.nodes import NodeEntry
from contracts.services import NODES
from contracts.values import new_id
from node_agent.adapters.store import HttpObjectStore
from node_agent.engines.comfyui.engine import open_comfyui
from node_agent.engines.unknown import open_unknown
from node_agent.handlers.beats import remember_watched
from node_agent.handlers.claims import follow_leader, keep_claims
from node_agent.handlers.orders import accept_attempt, cancel_attempt
from node_agent.ports import OpenEngine, Patience
from node_agent.service import Claim, NodeAgent
from node_agent.settings import NodeAgentSettings
from runtime.bus.bucket import Mirror
from runtime.bus.client import Bus
from runtime.process.service import running
from runtime.process.tables import AnswerTable, SubscriptionTable, serve

ENGINES: Mapping[str, OpenEngine] = {"comfyui": open_comfyui}
ANSWERS: AnswerTable[Claim] = {RunAttempt: accept_attempt, CancelAttempt: cancel_attempt}
SUBSCRIPTIONS: SubscriptionTable[NodeAgent] = {
    SchedulerLed: follow_leader,
    JobWatched: remember_watched,
}
TRANSFER_TIMEOUT = httpx.Timeout(30.0, connect=5.0, pool=60.0)


async def run(settings: NodeAgentSettings, engines: Mapping[str, OpenEngine] = ENGINES) -> None:
    ca_file = settings.s3_ca_file
    trusted = ssl.create_default_context(cafile=ca_file) if ca_file else True
    async with (
        running(settings, "node-agent") as runtime,
        httpx.AsyncClient(timeout=TRANSFER_TIMEOUT, trust_env=False, verify=trusted) as client,
    ):
        agent = build(settings, runtime.bus, client, engines)
        await serve(agent.bus, agent, subscriptions=SUBSCRIPTIONS)
        runtime.spawn(agent.specs.follow(agent.bus), name="nodes")
        await agent.specs.ready.wait()
        runtime.spawn(keep_claims(agent, open_claim), name="claims")
        runtime.ready()
        await runtime.stop.wait()


def build(
    settings: NodeAgentSettings,
    bus: Bus,
    client: httpx.AsyncClient,
    engines: Mapping[str, OpenEngine],
) -> NodeAgent:
    claims_dirty = asyncio.Event()
    return NodeAgent(
        agent_id=new_id(),
        pool=settings.pool,
        bus=bus,
        specs=Mirror(NODES, NodeEntry, on_change=claims_dirty.set),
        engines=engines,
        patience=Patience(
            settings.probe_timeout_seconds,
            settings.submit_timeout_seconds,
            settings.dead_after_seconds,
        ),
        store=HttpObjectStore(client),
        most_output_bytes=settings.max_output_bytes,
        claims_dirty=claims_dirty,
    )


@asynccontextmanager
async def open_claim(agent: NodeAgent, view: ClaimView) -> AsyncGenerator[Claim, None]:
    """A claimed node that takes orders."""
    open_engine = agent.engines.get(view.node.engine, open_unknown)
    async with open_engine(view.node, agent.patience) as engine:
        claim = Claim(agent, view.node, view.claim, engine)
        async with await serve(agent.bus, claim, ANSWERS, shared=False, node_id=claim.id):
            yield claim

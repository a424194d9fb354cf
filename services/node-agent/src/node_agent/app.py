"""The agent: claims nodes of its pool and runs attempts on them."""

import ssl
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from time import monotonic
from uuid import UUID

import httpx

from contracts.agent import CancelAttempt, JobWatched, RunAttempt
from contracts.scheduler.nodes import ClaimView, NodeSpec, SchedulerLed
from contracts.services import NODES, WORKFLOWS
from contracts.values import new_id
from node_agent.adapters.comfyui import comfy_http
from node_agent.adapters.files import LocalFiles
from node_agent.adapters.store import HttpObjectStore
from node_agent.adapters.versions import KeptVersions
from node_agent.adapters.websocket import listen
from node_agent.domain.leadership import Leadership
from node_agent.domain.memory import Memory
from node_agent.domain.tuning import Tuning
from node_agent.domain.vitals import Vitals
from node_agent.handlers.claims import Agent, keep_claims
from node_agent.handlers.hold import Listen
from node_agent.handlers.listen import connected, hear
from node_agent.handlers.node import Node, Tools
from node_agent.handlers.orders import accept_attempt, cancel_attempt
from node_agent.settings import NodeAgentSettings
from runtime.bus.bucket_watch import Mirror
from runtime.bus.client import Bus
from runtime.process.service import running

TRANSFER_TIMEOUT = httpx.Timeout(30.0, connect=5.0, pool=60.0)


@dataclass(frozen=True, slots=True)
class Parts:
    """What every node of this process shares."""

    settings: NodeAgentSettings
    bus: Bus
    tools: Tools
    leadership: Leadership
    watched: Memory[UUID]


async def run(settings: NodeAgentSettings) -> None:
    ca_file = settings.s3_ca_file
    trusted = ssl.create_default_context(cafile=ca_file) if ca_file else True
    async with (
        running(settings, "node-agent") as runtime,
        httpx.AsyncClient(timeout=TRANSFER_TIMEOUT, trust_env=False, verify=trusted) as client,
    ):
        bus, parts = runtime.bus, build(settings, runtime.bus, client)
        opens = partial(open_node, parts)
        agent = Agent(new_id(), settings.pool, bus, parts.leadership, opens, monotonic)
        await bus.subscribe(SchedulerLed, partial(hear_leader, parts))
        await bus.subscribe(JobWatched, partial(hear_watcher, parts))
        wishes = Mirror(NodeSpec, agent.changed.set)
        runtime.spawn(wishes.follow(bus, NODES), name="nodes")
        await wishes.ready.wait()
        runtime.spawn(keep_claims(agent, lambda: wishes.entries), name="claims")
        runtime.ready()
        await runtime.stop.wait()


def build(settings: NodeAgentSettings, bus: Bus, client: httpx.AsyncClient) -> Parts:
    tuning = Tuning(
        dead_after_seconds=settings.dead_after_seconds,
        most_output_bytes=settings.most_output_mb * 1024**2,
    )
    tools = Tools(
        calls=bus,
        store=HttpObjectStore(client),
        files=LocalFiles(),
        versions=KeptVersions(bus.bucket(WORKFLOWS)),
        tuning=tuning,
        clock=monotonic,
    )
    watched = Memory[UUID](tuning.watched_seconds)
    return Parts(settings, bus, tools, Leadership(), watched)


@asynccontextmanager
async def open_node(parts: Parts, claim: ClaimView) -> AsyncGenerator[tuple[Node, Listen], None]:
    """A claimed node that takes orders."""
    settings, spec = parts.settings, claim.spec
    async with comfy_http(
        spec, probe_timeout=settings.probe_timeout, submit_timeout=settings.submit_timeout
    ) as comfy:
        node = Node(
            spec=spec,
            claim=claim.claim,
            comfy=comfy,
            tools=parts.tools,
            leadership=parts.leadership,
            watched=parts.watched,
            vitals=Vitals(parts.tools.tuning.dead_after_seconds),
        )
        closings = [
            await parts.bus.serve(
                RunAttempt, partial(accept_attempt, node), shared=False, node_id=node.id
            ),
            await parts.bus.serve(
                CancelAttempt, partial(cancel_attempt, node), shared=False, node_id=node.id
            ),
        ]
        try:
            yield node, partial(listen, spec, partial(connected, node), partial(hear, node))
        finally:
            for close in closings:
                await close()


async def hear_leader(parts: Parts, signal: SchedulerLed) -> None:
    parts.leadership.heard(signal.epoch, parts.tools.clock())


async def hear_watcher(parts: Parts, signal: JobWatched) -> None:
    parts.watched.add(signal.job_id, parts.tools.clock())

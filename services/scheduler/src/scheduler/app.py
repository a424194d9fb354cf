"""The scheduler: what it is made of, and what it listens to while it leads."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from time import monotonic

import asyncpg
from prometheus_client import REGISTRY, CollectorRegistry

from contracts.agent import FinishAttempt
from contracts.scheduler.job_requests import CancelJob, FindJobs, ListJobs, SubmitJob
from contracts.scheduler.nodes import (
    AddNode,
    ClaimNode,
    ListNodes,
    NodeBeat,
    NodeSpec,
    RemoveNode,
    ReportCapabilities,
)
from contracts.services import NODES
from contracts.values import new_id
from runtime import clock
from runtime.bus.bucket_watch import Mirror
from runtime.bus.client import Bus, Closing
from runtime.outbox.relay import Relay
from runtime.postgres.pool import pool
from runtime.postgres.schema import verify
from runtime.process.service import Runtime, running
from runtime.process.telemetry import carry
from scheduler.adapters.bus_agents import BusAgents
from scheduler.adapters.meters import PrometheusMeter
from scheduler.adapters.sql_archive import SqlArchive
from scheduler.adapters.sql_leadership import SqlLeadership, leader_pool
from scheduler.adapters.sql_ledger import SqlLedger
from scheduler.domain.state import Limits
from scheduler.handlers.chores import Post, announce, forget_keys
from scheduler.handlers.commands import answer, hear_beat
from scheduler.handlers.desk import Desk, World
from scheduler.handlers.inbox import Inbox
from scheduler.handlers.leading import lead
from scheduler.handlers.queries import Window, find_jobs, list_jobs, list_nodes
from scheduler.ports import Meter
from scheduler.settings import SchedulerSettings

MOST_IN_HAND = 4_096
MOST_QUERIES = 8
STOP_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Parts:
    """What lives as long as the process, whoever leads."""

    settings: SchedulerSettings
    bus: Bus
    ledger_pool: asyncpg.Pool
    archive: SqlArchive
    relay: Relay
    meter: Meter
    published: Mirror[NodeSpec] = field(default_factory=lambda: Mirror(NodeSpec))
    post: Post = field(default_factory=Post)


async def run(settings: SchedulerSettings, registry: CollectorRegistry = REGISTRY) -> None:
    """Stand by, and lead when nobody does, until told to stop."""
    async with running(settings, "scheduler") as runtime:
        await verify(settings, "scheduler")
        async with pool(settings) as queries, leader_pool(settings) as ledger_pool:
            archive, relay = SqlArchive(queries), Relay(queries.acquire, runtime.bus)
            meter = PrometheusMeter(registry)
            parts = Parts(settings, runtime.bus, ledger_pool, archive, relay, meter)
            runtime.check("database", archive.is_there)
            runtime.add_warning(relay.warning)
            tasks = spawn(parts, runtime)
            runtime.ready()
            await runtime.stop.wait()
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks, timeout=STOP_SECONDS)  # before their pools are closed


def spawn(parts: Parts, runtime: Runtime) -> list[asyncio.Task[None]]:
    """All that goes on for ever."""
    leading = lead(SqlLeadership(parts.ledger_pool), partial(open_desk, parts))
    return [
        runtime.spawn(leading, name="lead"),
        runtime.spawn(parts.relay.run(), name="outbox"),
        runtime.spawn(parts.published.follow(parts.bus, NODES), name="published"),
        runtime.spawn(announce(parts.post, parts.bus.signal), name="announce"),
        runtime.spawn(forget_keys(parts.post), name="forget_keys"),
    ]


@asynccontextmanager
async def open_desk(parts: Parts, epoch: int) -> AsyncGenerator[Desk, None]:
    """Load what is not over, and listen until left."""
    settings, inbox = parts.settings, Inbox()
    limits = Limits(settings.max_waiting_jobs, settings.node_grace_seconds)
    ledger = SqlLedger(parts.ledger_pool, parts.relay, epoch, limits)
    state, newest = await ledger.load(), await ledger.newest_time()
    secret = settings.grant_secret.get_secret_value()
    agents = BusAgents(parts.bus, epoch, secret, clock.now, inbox.put)
    world = World(
        ledger=ledger,
        agents=agents,
        meter=parts.meter,
        wall=clock.now,
        steady=monotonic,
        new_id=new_id,
        is_connected=lambda: parts.bus.is_connected,
        published=lambda: {spec.node_id: spec for spec in parts.published.entries.values()},
    )
    desk = Desk(world, epoch, state, newest, inbox)
    async with AsyncExitStack() as stack:
        stack.push_async_callback(agents.close)
        for subscribing in subscriptions(parts, desk):
            stack.push_async_callback(await subscribing)
        parts.post.desk = desk
        try:
            yield desk
        finally:
            parts.post.desk = None


def subscriptions(parts: Parts, desk: Desk) -> Iterator[Awaitable[Closing]]:
    """All that the leader listens to; nobody else does, so its subjects need no queue group."""
    bus, archive, window = parts.bus, parts.archive, Window(desk)
    asked = partial(answer, desk, carry)
    yield bus.subscribe(NodeBeat, partial(hear_beat, desk))
    yield bus.serve(ClaimNode, asked, shared=False)
    yield bus.serve(ReportCapabilities, asked, shared=False)
    yield bus.serve(FinishAttempt, asked, shared=False, concurrency=MOST_IN_HAND)
    yield bus.serve(SubmitJob, asked, shared=False, concurrency=MOST_IN_HAND)
    yield bus.serve(CancelJob, asked, shared=False)
    yield bus.serve(AddNode, asked, shared=False)
    yield bus.serve(RemoveNode, asked, shared=False)
    looking = partial(bus.serve, shared=False, concurrency=MOST_QUERIES)
    yield looking(FindJobs, partial(find_jobs, archive, window))
    yield looking(ListJobs, partial(list_jobs, archive, window))
    yield looking(ListNodes, partial(list_nodes, desk))

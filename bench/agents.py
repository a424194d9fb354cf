"""Agents without an engine: they answer all messages, and every attempt succeeds at once."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from functools import partial
from uuid import UUID

from comfyfleet.testing import LocalFleet
from contracts.agent import (
    Accepted,
    AttemptResult,
    CancelAttempt,
    FinishAttempt,
    Outcome,
    RunAttempt,
)
from contracts.scheduler.claims import ClaimNode, NodeBeat, ReportCapabilities
from contracts.scheduler.nodes import Capabilities
from contracts.values import new_id
from runtime.bus.client import Bus

CLASSES = ["EmptyImage", "SaveImage", "LoadImage", "ImageScale"]
KNOWN = Capabilities(digest="bench", engine_version="bench", classes=CLASSES, models=[])


@asynccontextmanager
async def agents(fleet: LocalFleet, node_ids: list[UUID]) -> AsyncGenerator[None, None]:
    """Claim all these nodes and hold them until the context ends."""
    password = fleet.secrets.nats["node-agent"]
    connection = Bus.connect(fleet.nats_url, service="node-agent", password=password)
    async with connection as bus, asyncio.TaskGroup() as reports:
        agent_id, beats = new_id(), list[asyncio.Task[None]]()
        for node_id in node_ids:
            claimed = await bus.call(ClaimNode(agent_id=agent_id, node_id=node_id))
            await bus.serve(
                RunAttempt, partial(run, bus, reports, claimed.claim), shared=False, node_id=node_id
            )
            await bus.serve(CancelAttempt, accept, shared=False, node_id=node_id)
            await bus.call(
                ReportCapabilities(node_id=node_id, claim=claimed.claim, capabilities=KNOWN)
            )
            beats.append(asyncio.create_task(beat(bus, node_id, claimed.claim)))
        try:
            yield
        finally:
            for task in beats:
                task.cancel()


async def beat(bus: Bus, node_id: UUID, claim: int) -> None:
    while True:
        await bus.signal(NodeBeat(node_id=node_id, claim=claim, is_reachable=True))
        await asyncio.sleep(1)


async def run(bus: Bus, reports: asyncio.TaskGroup, claim: int, command: RunAttempt) -> Accepted:
    """Accept an attempt, and report its end in a task of its own, as a real agent does."""
    finish = FinishAttempt(
        node_id=command.node_id,
        claim=claim,
        attempt_id=command.order.attempt_id,
        result=AttemptResult(outcome=Outcome.COMPLETED),
    )
    reports.create_task(bus.call(finish))
    return Accepted()


async def accept(_command: CancelAttempt) -> Accepted:
    return Accepted()

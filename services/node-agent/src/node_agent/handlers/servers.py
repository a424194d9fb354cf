"""Looks after the servers that this agent runs itself.

A server is replaced once no attempt needs it. The node takes no new attempt from the decision on
until the new process is warmed up (`warm_up.py`).
"""

import asyncio
from contextlib import suppress
from time import monotonic

import structlog

from contracts.errors import NotFoundError
from contracts.node_log import LogView, ReadLog
from contracts.scheduler.claims import AttemptPhase
from node_agent.domain.managed import ManagedServer
from node_agent.handlers.warm_up import warm_up
from node_agent.service import Claim, NodeAgent

log = structlog.get_logger()

LOOK_SECONDS = 0.25
FOREIGN_SECONDS = 600.0
"""Time that work from outside the fleet gets to end before a restart."""
HAND_BACK_SECONDS = 5.0
BEFORE_THE_END = frozenset({AttemptPhase.ADOPTING, AttemptPhase.PREPARING, AttemptPhase.POSTED})


async def read_log(agent: NodeAgent, query: ReadLog) -> LogView:
    """Read the log of a server that this agent runs."""
    server = agent.servers.get(query.node_id)
    if server is None:
        raise NotFoundError("somebody else runs this server, and has its log", code="no_log")
    return LogView(lines=await asyncio.to_thread(server.log, query.line_count))


async def look_after_server(claim: Claim) -> None:
    """Warm the server up after each start, and replace it when it is due, until canceled."""
    server = claim.server
    if server:
        server.changed = claim.beat_due.set  # a quick restart fits between two beats
    while server:
        health = claim.engine.health()
        if server.is_up and not server.is_warm and health.is_usable:
            await warm_up(claim, server)
        elif server.is_up and health.is_dead:
            await recycle(claim, server, "it answered and executed nothing")
        elif reason := server.why_recycle():
            await recycle(claim, server, reason)
        await asyncio.sleep(LOOK_SECONDS)


async def recycle(claim: Claim, server: ManagedServer, reason: str) -> None:
    """Replace the process once nobody's work is in it."""
    log.info("server_recycled", node_id=str(claim.id), reason=reason)
    server.recycling, number = reason, server.starts
    claim.beat_due.set()
    await claim.attempts.until_empty()
    await until_no_foreign_work(claim)
    if server.starts == number and server.is_up:
        server.is_closed = True  # nothing was awaited since the last look: no order slips in
        server.restart()
        claim.beat_due.set()


async def until_no_foreign_work(claim: Claim) -> None:
    """Wait for work of other programs, and for attempts whose orders were on their way."""
    began = monotonic()
    while claim.attempts.live or has_foreign_work(claim, began):  # noqa: ASYNC110  no one event
        await asyncio.sleep(LOOK_SECONDS)


def has_foreign_work(claim: Claim, began: float) -> bool:
    health = claim.engine.health()
    is_patient = monotonic() - began < FOREIGN_SECONDS
    return bool(health.work_ids) and health.is_usable and is_patient


async def hand_back(agent: NodeAgent, seconds: float) -> None:
    """Before the agent's servers stop: let attempts end, then return the others' jobs.

    The jobs run on other nodes at once, and it does not count as a failure.
    """
    claims = [claim for claim in agent.claims.values() if claim and claim.server]
    for claim in claims:
        if claim.server:
            claim.server.is_closed = True
        claim.beat_due.set()
    await until_empty(claims, seconds)
    for claim in claims:
        for attempt in claim.attempts.live.values():
            if attempt.phase in BEFORE_THE_END:
                attempt.is_moved = True
                attempt.canceled.set()
    await until_empty(claims, HAND_BACK_SECONDS)


async def until_empty(claims: list[Claim], seconds: float) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await asyncio.gather(*(claim.attempts.until_empty() for claim in claims))

"""Claims nodes, and ends claims, as the entries in bucket `nodes` change."""

import asyncio
import contextlib
import random
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from functools import partial
from time import monotonic
from typing import TypeAlias
from uuid import UUID

import structlog

from contracts.errors import NotFoundError, OperationError
from contracts.scheduler.claims import ClaimNode, ClaimView, SchedulerLed
from contracts.scheduler.nodes import NodeEntry
from node_agent.domain.admission import CLAIMED, is_taken_away, is_wanted, may_claim
from node_agent.handlers.adoption import adopt
from node_agent.handlers.beats import beat, show_previews, show_progress
from node_agent.handlers.capabilities import keep_registry_informed, keep_scheduler_informed
from node_agent.handlers.servers import look_after_server
from node_agent.handlers.trials import run_trials
from node_agent.service import Claim, NodeAgent
from runtime.wait import wait_for

log = structlog.get_logger()

LONGEST_DELAY_SECONDS = 0.3
"""Random, so that several agents that see one free node do not all ask at once."""
TICK_SECONDS = 1.0
COOL_DOWN_SECONDS = 2.0
STOP_SECONDS = 5.0
ASK_AGAIN_SECONDS = 5.0
"""Pause between questions about a node without an entry."""

OpenClaim: TypeAlias = Callable[[NodeAgent, ClaimView], AbstractAsyncContextManager[Claim]]


async def follow_leader(agent: NodeAgent, signal: SchedulerLed) -> None:
    agent.leadership.heard(signal.epoch, monotonic())


async def keep_claims(agent: NodeAgent, open_claim: OpenClaim) -> None:
    """Hold each node that the bucket wants held, and no other, until canceled. Raises for a bug."""
    async with asyncio.TaskGroup() as group:
        while True:
            agent.claims_dirty.clear()
            wanted = {entry.node_id: entry for entry in agent.node_entries.entries.values()}
            for node_id, entry in wanted.items():
                if node_id not in agent.claims and is_mine(agent, entry):
                    agent.claims[node_id] = None
                    group.create_task(claim_and_hold(agent, node_id, open_claim))
            for node_id, claim in list(agent.claims.items()):
                if claim and not claim.tasks.is_ending:
                    follow_entry(claim, wanted.get(node_id))
            await wait_for(agent.claims_dirty, TICK_SECONDS)


def is_mine(agent: NodeAgent, entry: NodeEntry) -> bool:
    return may_claim(entry, agent.agent_id, agent.pool, agent.machine)


def follow_entry(claim: Claim, entry: NodeEntry | None) -> None:
    claim.tasks.is_ending = True
    if entry is None:
        claim.tasks.spawn(stop_if_removed(claim), name=f"stop if removed {claim.id}")
    elif is_taken_away(entry, claim.agent.agent_id, claim.number):
        claim.tasks.ended.set()
    elif not is_wanted(entry, claim.agent.pool, claim.agent.machine):
        claim.tasks.spawn(finish(claim), name=f"finish {claim.id}")
    elif server_of(entry) != server_of(claim.entry):
        claim.tasks.ended.set()  # claimed anew, with its new address or headers
    else:
        claim.tasks.is_ending = False
        claim.trial.ask(entry.trial)


def server_of(entry: NodeEntry) -> tuple[object, ...]:
    return entry.engine, entry.engine_settings, entry.base_url, entry.headers_digest


async def claim_and_hold(agent: NodeAgent, node_id: UUID, open_claim: OpenClaim) -> None:
    try:
        await asyncio.sleep(random.uniform(0, LONGEST_DELAY_SECONDS))  # noqa: S311  no secret
        view = await agent.bus.call(ClaimNode(agent_id=agent.agent_id, node_id=node_id))
        agent.leadership.heard(view.epoch, monotonic())
        log.info("node_claimed", node_id=str(node_id), claim=view.claim, live=len(view.live))
        async with open_claim(agent, view) as claim:
            await hold(claim)
        log.info("claim_ended", node_id=str(node_id), claim=view.claim)
    except OperationError as error:
        log.info("node_not_claimed", node_id=str(node_id), reason=error.message)
        await asyncio.sleep(COOL_DOWN_SECONDS)
    finally:
        agent.claims.pop(node_id, None)
        agent.claims_dirty.set()


async def hold(claim: Claim) -> None:
    """Work for the node until the claim ends; raises only for a bug."""
    loops = {
        "beat": beat(claim),
        "engine": claim.engine.watch(partial(note_health, claim)),
        "capabilities": keep_scheduler_informed(claim),
        "description": keep_registry_informed(claim),
        "trial": run_trials(claim),
        "progress": show_progress(claim),
        "previews": show_previews(claim),
        "adopt": adopt(claim),
        "server": look_after_server(claim),
    }
    for name, loop in loops.items():
        claim.tasks.spawn(loop, name=f"{name} {claim.id}")
    try:
        await claim.tasks.ended.wait()
    finally:
        await claim.tasks.stop()
    if claim.tasks.bug:
        raise claim.tasks.bug


def note_health(claim: Claim) -> None:
    """Report the change. After an outage ask for capabilities again: the server may be another."""
    claim.beat_due.set()
    claim.trial.requested.set()
    if claim.engine.health().is_reachable:
        claim.reported.outdated.set()


async def finish(claim: Claim) -> None:
    """Finish the attempts of a node that this agent is no longer to hold, then end the claim."""
    await claim.attempts.until_empty()
    claim.tasks.ended.set()


async def stop_if_removed(claim: Claim) -> None:
    """Ask the scheduler about a node without an entry: the bucket may be empty or made anew.

    The attempts go on unless the scheduler says that there is no such node, or that another agent
    has it: any other refusal, as of a node whose row cannot be read, is about the scheduler.
    """
    message = ClaimNode(agent_id=claim.agent.agent_id, node_id=claim.id)
    try:
        view = await claim.agent.bus.call(message)
    except NotFoundError:
        await stop_attempts(claim)
        return
    except OperationError as error:
        log.info("node_unknown", node_id=str(claim.id), reason=error.message)
        is_ours = error.code != CLAIMED
    else:
        is_ours = view.claim == claim.number
    if is_ours:
        await keep_following(claim)
    else:
        claim.tasks.ended.set()


async def keep_following(claim: Claim) -> None:
    await asyncio.sleep(ASK_AGAIN_SECONDS)
    claim.tasks.is_ending = False


async def stop_attempts(claim: Claim) -> None:
    """Stop the attempts of a node that the operator removed, unreported, then end the claim.

    Their jobs run on other nodes.
    """
    claim.attempts.is_node_removed = True
    for attempt in claim.attempts.live.values():
        attempt.canceled.set()
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(STOP_SECONDS):
            await claim.attempts.until_empty()
    claim.tasks.ended.set()

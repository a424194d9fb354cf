"""Claiming nodes and letting them go, as the scheduler's wishes in bucket `nodes` change."""

import asyncio
import contextlib
import random
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import TypeAlias
from uuid import UUID

import structlog

from contracts.errors import OperationError
from contracts.scheduler.nodes import ClaimNode, ClaimView, NodeSpec
from node_agent.domain.claiming import is_taken_away, is_wanted, may_claim
from node_agent.domain.leadership import Leadership
from node_agent.handlers.hold import Listen, clear_out, hold, retire
from node_agent.handlers.node import Node
from node_agent.ports import Calls, Clock

log = structlog.get_logger()

LONGEST_DELAY_SECONDS = 0.3
"""Random, so that several agents that see the same free node do not all ask at once."""
TICK_SECONDS = 1.0
COOL_DOWN_SECONDS = 2.0

OpenNode: TypeAlias = Callable[[ClaimView], AbstractAsyncContextManager[tuple[Node, Listen]]]


@dataclass(slots=True, eq=False)
class Holding:
    """A node that is being claimed (`node` is None) or is in hand."""

    node: Node | None = None
    is_leaving: bool = False


@dataclass(slots=True, eq=False)
class Agent:
    """One agent process; its id is as old as the process."""

    agent_id: UUID
    pool: str
    calls: Calls
    leadership: Leadership
    open_node: OpenNode
    clock: Clock
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    holdings: dict[UUID, Holding] = field(default_factory=dict[UUID, Holding])


async def keep_claims(agent: Agent, specs: Callable[[], Mapping[str, NodeSpec]]) -> None:
    """For ever: be where the bucket wants an agent, and nowhere else. Raises for a bug."""
    async with asyncio.TaskGroup() as group:
        while True:
            agent.changed.clear()
            wanted = {spec.node_id: spec for spec in specs().values()}
            for node_id, spec in wanted.items():
                if node_id not in agent.holdings and may_claim(spec, agent.agent_id, agent.pool):
                    agent.holdings[node_id] = Holding()
                    group.create_task(claim_and_hold(agent, node_id))
            for node_id, holding in list(agent.holdings.items()):
                if holding.node and not holding.is_leaving:
                    follow_wish(agent, holding, holding.node, wanted.get(node_id))
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(TICK_SECONDS):
                    await agent.changed.wait()


def follow_wish(agent: Agent, holding: Holding, node: Node, spec: NodeSpec | None) -> None:
    holding.is_leaving = True
    if spec is None:
        node.spawn(clear_out(node), name=f"clear out {node.id}")
    elif is_taken_away(spec, agent.agent_id, node.claim):
        node.over.set()
    elif not is_wanted(spec, agent.pool):
        node.spawn(retire(node), name=f"retire {node.id}")
    elif (spec.base_url, spec.headers) != (node.spec.base_url, node.spec.headers):
        node.over.set()  # claimed anew at its new address
    else:
        holding.is_leaving = False
        node.ask_trial(spec.trial)


async def claim_and_hold(agent: Agent, node_id: UUID) -> None:
    try:
        await asyncio.sleep(random.uniform(0, LONGEST_DELAY_SECONDS))  # noqa: S311  no secret
        claim = await agent.calls.call(ClaimNode(agent_id=agent.agent_id, node_id=node_id))
        agent.leadership.heard(claim.epoch, agent.clock())
        log.info("node_claimed", node_id=str(node_id), claim=claim.claim, live=len(claim.live))
        async with agent.open_node(claim) as (node, listen):
            agent.holdings[node_id].node = node
            await hold(node, claim, listen)
        log.info("node_let_go", node_id=str(node_id), claim=claim.claim)
    except OperationError as error:
        log.info("node_not_claimed", node_id=str(node_id), reason=error.message)
        await asyncio.sleep(COOL_DOWN_SECONDS)
    finally:
        agent.holdings.pop(node_id, None)
        agent.changed.set()

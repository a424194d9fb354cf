"""What a leader does beside its loop: say that it leads, count, and forget what is too old."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import structlog

from contracts.scheduler.nodes import NodePhase, SchedulerLed
from scheduler.domain.views import node_state
from scheduler.handlers.desk import Desk
from scheduler.ports import LedgerUncertainError

log = structlog.get_logger()

ANNOUNCE_SECONDS = 1.0
LEASE_SECONDS = 2.0
FORGET_SECONDS = 3_600.0


@dataclass(slots=True)
class Post:
    """Where the leader sits; empty while another scheduler leads."""

    desk: Desk | None = None


async def announce(post: Post, signal: Callable[[SchedulerLed], Awaitable[None]]) -> None:
    """Say each second who leads, as long as the database agrees."""
    while True:
        desk = post.desk
        if desk and desk.world.steady() - desk.renewed_at < LEASE_SECONDS:
            await signal(SchedulerLed(epoch=desk.epoch))
            measure(desk)
        await asyncio.sleep(ANNOUNCE_SECONDS)


def measure(desk: Desk) -> None:
    turn = desk.look()
    states = Counter(node_state(turn, node) for node in turn.state.nodes.values())
    nodes = {str(state): states[state] for state in NodePhase}
    desk.world.meter.fleet(turn.state.queue_size, len(turn.state.attempts), nodes)


async def forget_keys(post: Post) -> None:
    """Drop idempotency keys older than a day, each hour."""
    while True:
        if post.desk:
            try:
                await post.desk.world.ledger.forget_old_keys()
            except LedgerUncertainError as error:
                log.info("old_keys_kept", reason=str(error))
        await asyncio.sleep(FORGET_SECONDS)

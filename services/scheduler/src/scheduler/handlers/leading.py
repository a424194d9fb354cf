"""Stand by, lead, and stand by again."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import TypeAlias

import structlog

from scheduler.handlers.desk import Desk
from scheduler.ports import Leadership, LeadershipLostError, LedgerUncertainError

log = structlog.get_logger()

STANDBY_SECONDS = 0.4
RETRY_SECONDS = 0.1

OpenDesk: TypeAlias = Callable[[int], AbstractAsyncContextManager[Desk]]
"""Load the state as leader of an epoch and be reachable until left."""


async def lead(leadership: Leadership, open_desk: OpenDesk) -> None:
    """Lead whenever nobody else does, until cancelled; a failed commit starts a new epoch."""
    epoch: int | None = None
    try:
        while True:
            held, epoch = epoch, await leadership.acquire(epoch)
            if epoch is None:
                await asyncio.sleep(STANDBY_SECONDS if held is None else RETRY_SECONDS)
                continue
            log.info("leading", epoch=epoch)
            epoch = await serve_term(epoch, open_desk)
    finally:
        if epoch is not None:
            await asyncio.shield(leadership.release(epoch))


async def serve_term(epoch: int, open_desk: OpenDesk) -> int | None:
    """Lead for one epoch; the epoch if it may still be ours when it ends, else None."""
    try:
        async with open_desk(epoch) as desk:
            await desk.run()
    except LeadershipLostError as error:
        log.warning("leadership_lost", reason=str(error))
        return None
    except LedgerUncertainError as error:
        log.warning("state_dropped", epoch=epoch, reason=str(error) or "no reason given")
        return epoch
    raise AssertionError("a desk works until something ends it")


async def every(seconds: float, work: Callable[[], Awaitable[None]]) -> None:
    """Do something again and again, beside the loop."""
    while True:
        await work()
        await asyncio.sleep(seconds)

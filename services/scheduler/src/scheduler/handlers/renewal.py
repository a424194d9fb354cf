"""Renews the lead while rows are read, which may take longer than the lead lasts."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from scheduler.domain.effects import Effects
from scheduler.domain.state import State
from scheduler.ports import Ledger

T = TypeVar("T")
RENEW_SECONDS = 0.8


async def load(ledger: Ledger) -> State:
    """Read the state; the commit shows that no other process wrote meanwhile."""
    state = await while_leading(ledger, ledger.load())
    await ledger.commit(Effects())
    return state


async def while_leading(ledger: Ledger, reading: Coroutine[Any, Any, T]) -> T:
    """Return what is read; raise LeadershipLostError as soon as another process leads."""
    task = asyncio.create_task(reading)
    try:
        while not (await asyncio.wait({task}, timeout=RENEW_SECONDS))[0]:
            await ledger.commit(Effects())
        return task.result()
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

"""Ticks: a failure of one ends neither it nor the service."""

import asyncio

import pytest

from contracts.errors import UnavailableError
from runtime.process.tables import every


@pytest.mark.parametrize("failure", [UnavailableError("away"), ValueError("a bug")])
async def test_a_tick_that_fails_runs_again(failure: Exception) -> None:
    runs, enough = list[int](), asyncio.Event()

    async def fail() -> None:
        runs.append(1)
        if len(runs) == 3:
            enough.set()
        raise failure

    ticking = asyncio.create_task(every(0, fail, name="fail"))
    try:
        await asyncio.wait_for(enough.wait(), 10)
        assert not ticking.done()
    finally:
        ticking.cancel()

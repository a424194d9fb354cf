"""Ticks: a failure of one ends neither it nor the service, and is told."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest
from prometheus_client import REGISTRY

from contracts.errors import UnavailableError
from runtime.process import tables
from runtime.process.service import cancel_all
from runtime.process.tables import FailingTicks, every
from runtime.testing.ports import eventually


@asynccontextmanager
async def ticking(
    failures: list[Exception],
) -> AsyncGenerator[tuple[FailingTicks, list[int]], None]:
    """Run a tick that raises the last failure while there is one; the list counts its runs."""
    failing, runs = FailingTicks(), list[int]()

    async def work() -> None:
        runs.append(1)
        if failures:
            raise failures[-1]

    task = asyncio.create_task(every(0.01, work, failing, name="prune"))
    try:
        yield failing, runs
        assert not task.done()
    finally:
        await cancel_all([task])


@pytest.mark.parametrize("failure", [UnavailableError("away"), ValueError("a bug")])
async def test_a_tick_that_fails_runs_again(failure: Exception) -> None:
    async with ticking([failure]) as (_, runs):
        await eventually(lambda: len(runs) >= 3)


async def test_a_bug_in_a_tick_is_reported_until_it_succeeds() -> None:
    failures: list[Exception] = [ValueError("a bug")]
    before = REGISTRY.get_sample_value("comfyfleet_ticks_failed_total", {"tick": "prune"}) or 0
    async with ticking(failures) as (failing, _):
        await eventually(lambda: failing.warning() is not None)
        assert "prune (ValueError)" in (failing.warning() or "")
        failures.clear()
        await eventually(lambda: failing.warning() is None)
    after = REGISTRY.get_sample_value("comfyfleet_ticks_failed_total", {"tick": "prune"}) or 0
    assert after > before


async def test_a_tick_is_reported_if_something_stays_unavailable(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with ticking([UnavailableError("Postgres is away")]) as (failing, runs):
        await eventually(lambda: len(runs) >= 3)
        assert failing.warning() is None
        monkeypatch.setattr(tables, "PATIENCE", -1.0)
        assert "prune (unavailable)" in (failing.warning() or "")

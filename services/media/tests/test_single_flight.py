import asyncio
from uuid import uuid4

import pytest

from contracts.errors import UnavailableError
from media.service import SingleFlight


class Work:
    """Counts how often it runs; waits until it is let go."""

    def __init__(self) -> None:
        self.runs = 0
        self.go = asyncio.Event()

    async def __call__(self) -> int:
        self.runs += 1
        await self.go.wait()
        return self.runs


async def test_callers_with_one_key_share_one_run() -> None:
    flight, work = SingleFlight[int](2), Work()
    callers = [asyncio.create_task(flight.run("a", work)) for _ in range(5)]
    work.go.set()
    assert await asyncio.gather(*callers) == [1] * 5
    assert await flight.run("a", work) == 2


async def test_the_work_goes_on_when_its_first_caller_gives_up() -> None:
    flight, work = SingleFlight[int](1), Work()
    first = asyncio.create_task(flight.run("a", work))
    second = asyncio.create_task(flight.run("a", work))
    await asyncio.sleep(0)
    first.cancel()
    work.go.set()
    assert await second == 1


async def test_no_more_than_allowed_run_at_one_time() -> None:
    flight, work = SingleFlight[int](2), Work()
    callers = [asyncio.create_task(flight.run(key, work)) for key in range(5)]
    for _ in range(10):
        await asyncio.sleep(0)
    assert work.runs == 2
    work.go.set()
    await asyncio.gather(*callers)
    assert work.runs == 5


async def test_one_owner_leaves_half_of_the_runs_to_others() -> None:
    flight, work, owner_id = SingleFlight[int](2), Work(), uuid4()
    callers = [asyncio.create_task(flight.run(key, work, owner_id)) for key in range(5)]
    for _ in range(10):
        await asyncio.sleep(0)
    assert work.runs == 1
    callers.append(asyncio.create_task(flight.run("other", work, uuid4())))
    for _ in range(10):
        await asyncio.sleep(0)
    assert work.runs == 2
    work.go.set()
    await asyncio.gather(*callers)


async def test_all_callers_hear_of_a_failure() -> None:
    async def fails() -> int:
        raise UnavailableError("not now")

    flight = SingleFlight[int](1)
    callers = [asyncio.create_task(flight.run("a", fails)) for _ in range(2)]
    for caller in callers:
        with pytest.raises(UnavailableError):
            await caller

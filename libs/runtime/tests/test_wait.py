import asyncio

from runtime.wait import wait_for


async def test_an_event_that_is_set_ends_the_wait() -> None:
    event = asyncio.Event()
    waiting = asyncio.create_task(wait_for(event, 10))
    event.set()
    assert await waiting


async def test_an_event_that_is_not_set_in_time_is_reported() -> None:
    assert not await wait_for(asyncio.Event(), 0.01)

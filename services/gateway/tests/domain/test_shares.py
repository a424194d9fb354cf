"""Places for transfers: nobody alone can take those of everybody."""

import asyncio
from contextlib import AsyncExitStack

import pytest

from contracts.errors import UnavailableError
from gateway.http.problems import RefusedError
from gateway.http.shares import Shares


def some(wait_seconds: float = 0.0) -> Shares:
    return Shares(4, {"user": 2, "link": 1}, wait_seconds)


async def test_a_holder_gets_its_share_and_others_get_theirs() -> None:
    shares = some()
    async with AsyncExitStack() as stack:
        for _ in range(2):
            await stack.enter_async_context(shares.place(user="a"))
        with pytest.raises(RefusedError) as refused:
            await stack.enter_async_context(shares.place(user="a"))
        await stack.enter_async_context(shares.place(user="b"))
        await stack.enter_async_context(shares.place(user="c", link="x"))
        with pytest.raises(UnavailableError):
            await stack.enter_async_context(shares.place(user="d"))

    assert (refused.value.status, refused.value.code) == (429, "too_many_transfers")
    assert not shares.held


async def test_a_refused_place_keeps_nothing() -> None:
    shares = some()
    async with shares.place(user="a", link="x"):
        for _ in range(5):
            with pytest.raises(RefusedError):
                async with shares.place(user="b", link="x"):
                    raise AssertionError("the link has one place")
        async with shares.place(user="b"), shares.place(user="b"):
            pass

    assert not shares.held


async def test_a_place_that_comes_free_goes_to_who_waits() -> None:
    shares, stack = some(wait_seconds=30.0), AsyncExitStack()
    await stack.enter_async_context(shares.place(link="x"))
    waiting = asyncio.create_task(stack.enter_async_context(shares.place(link="x")))
    await asyncio.sleep(0)
    assert not waiting.done()

    await stack.pop_all().aclose()
    await waiting
    await stack.aclose()
    assert not shares.held

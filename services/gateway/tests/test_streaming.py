import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

from gateway.http.streaming import LongAnswer

SCOPE: dict[str, Any] = {"type": "http", "path": "/", "asgi": {"spec_version": "2.3"}}


async def chunks() -> AsyncIterator[bytes]:
    while True:
        yield b"x"


async def never() -> dict[str, Any]:
    return await asyncio.get_running_loop().create_future()


class Held:
    """Counts how often what it holds was freed."""

    def __init__(self) -> None:
        self.count = 0
        self.stack = AsyncExitStack()
        self.stack.callback(self.free)

    def free(self) -> None:
        self.count += 1


async def test_a_client_that_stops_reading_is_cut_off() -> None:
    async def stuck(message: Any) -> None:
        if message["type"] == "http.response.body":
            await never()

    held = Held()
    async with asyncio.timeout(5):
        await LongAnswer(chunks(), held.stack, headers={}, patience=0.01)(SCOPE, never, stuck)

    assert held.count == 1


async def test_a_client_that_leaves_frees_what_the_answer_held() -> None:
    async def gone() -> dict[str, Any]:
        return {"type": "http.disconnect"}

    async def sent(_: Any) -> None:
        await asyncio.sleep(0)

    held = Held()
    async with asyncio.timeout(5):
        await LongAnswer(chunks(), held.stack, headers={})(SCOPE, gone, sent)

    assert held.count == 1

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

import pytest

from gateway.http.pace import Pace, Patience
from gateway.http.streaming import ABORT, PIECE_BYTES, LongAnswer, paced

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
    cut = asyncio.Event()

    async def stuck(message: Any) -> None:
        await asyncio.sleep(0)
        if message["type"] == "http.response.body":
            await cut.wait()

    async def gone() -> dict[str, Any]:
        await cut.wait()
        return {"type": "http.disconnect"}

    held, scope = Held(), SCOPE | {ABORT: cut.set}
    answer = LongAnswer(chunks(), held.stack, headers={}, patience=Patience(0.01))
    async with asyncio.timeout(5):
        await answer(scope, gone, paced(scope, stuck, Pace(1_000.0)))

    assert held.count == 1


@pytest.mark.parametrize("size", [0, 1, PIECE_BYTES, PIECE_BYTES + 1, 5 * PIECE_BYTES])
async def test_a_large_answer_is_sent_whole_in_pieces(size: int) -> None:
    sent: list[Any] = []

    async def take(message: Any) -> None:
        sent.append(message)

    body = bytes(n % 251 for n in range(size))
    await paced({}, take, Pace(1.0))({"type": "http.response.body", "body": body})

    assert b"".join(message["body"] for message in sent) == body
    assert max(len(message["body"]) for message in sent) <= PIECE_BYTES
    assert [message.get("more_body", False) for message in sent] == [True] * (len(sent) - 1) + [
        False
    ]


async def test_a_client_that_leaves_frees_what_the_answer_held() -> None:
    async def gone() -> dict[str, Any]:
        return {"type": "http.disconnect"}

    async def sent(_: Any) -> None:
        await asyncio.sleep(0)

    held = Held()
    async with asyncio.timeout(5):
        await LongAnswer(chunks(), held.stack, headers={})(SCOPE, gone, sent)

    assert held.count == 1

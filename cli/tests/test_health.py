import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from comfyfleet.health import failing_children
from runtime.supervision.child_state import ChildPhase, ChildState
from runtime.testing.ports import free_port


def a_child(name: str, phase: ChildPhase = "ready") -> ChildState:
    return ChildState(name=name, phase=phase, since=datetime.now(UTC))


@asynccontextmanager
async def answering(status: str, words: str) -> AsyncGenerator[int, None]:
    """A server that says the same to everybody; its port."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(f"HTTP/1.1 {status}\r\nX-Any: thing\r\n\r\n{words}\n".encode())
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        yield server.sockets[0].getsockname()[1]


async def test_a_process_that_lives_but_cannot_work_says_what_it_waits_for() -> None:
    async with answering("503 Service Unavailable", "waiting for: bucket") as port:
        assert await failing_children([a_child("media")], {"media": port}) == {
            "media": "waiting for: bucket"
        }


async def test_a_process_that_hangs_does_not_answer() -> None:
    ports = {"scheduler": free_port()}
    assert await failing_children([a_child("scheduler")], ports) == {"scheduler": "does not answer"}


async def test_who_works_or_is_known_to_be_down_has_no_trouble() -> None:
    children = [a_child("auth"), a_child("s3"), a_child("media", "waiting"), a_child("postgres")]
    async with answering("200 OK", "ok") as good, answering("403 Forbidden", "no") as s3:
        assert (
            await failing_children(children, {"auth": good, "s3": s3, "media": free_port()}) == {}
        )

"""Relays connections to a store and can be made to fail in the ways that stores do."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from runtime.testing.ports import free_port

Mood: TypeAlias = Literal["well", "hangs up", "errors", "slow"]
ERROR = b"HTTP/1.1 503 Slow Down\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
SLOW_SECONDS = 0.3


@dataclass
class Relay:
    port: int
    target: int
    mood: Mood = "well"
    refused: int = 0
    answers: list[bytes] = field(default_factory=list[bytes])
    """Answers (head and body) that the next connections get instead of those of the store."""

    @property
    def endpoint(self) -> str:
        return f"127.0.0.1:{self.port}"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        to_reader, to_writer = await asyncio.open_connection("127.0.0.1", self.target)
        answers = asyncio.create_task(copy(to_reader, writer))
        try:
            while chunk := await reader.read(65536):
                if self.mood == "slow":
                    await asyncio.sleep(SLOW_SECONDS)
                if self.answers:
                    self.refused += 1
                    await answer(writer, self.answers.pop(0))
                    break
                if self.mood in ("hangs up", "errors"):
                    self.refused += 1
                    if self.mood == "errors":
                        writer.write(ERROR)
                        await writer.drain()
                    break
                to_writer.write(chunk)
                await to_writer.drain()
        except ConnectionError:
            pass
        finally:
            answers.cancel()
            to_writer.close()
            writer.close()


async def answer(writer: asyncio.StreamWriter, told: bytes) -> None:
    """Send an answer that ends with the connection."""
    head, _, body = told.partition(b"\r\n\r\n")
    writer.write(head.rstrip() + b"\r\nConnection: close\r\n\r\n" + body)
    await writer.drain()


async def copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while chunk := await reader.read(65536):
            writer.write(chunk)
            await writer.drain()
    writer.close()


@asynccontextmanager
async def relay(endpoint: str) -> AsyncGenerator[Relay, None]:
    made = Relay(free_port(), int(endpoint.rpartition(":")[2]))
    server = await asyncio.start_server(made.serve, "127.0.0.1", made.port)
    try:
        yield made
    finally:
        server.close()

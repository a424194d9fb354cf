"""Relays connections to a server, and can fail in the ways that servers and networks do."""

import asyncio
import ssl
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from runtime.testing.ports import free_port

Mood: TypeAlias = Literal["well", "hangs up", "errors", "slow"]
ERROR = b"HTTP/1.1 503 Slow Down\r\nContent-Length: 0\r\n\r\n"
UNAUTHORIZED = b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n"
SLOW_SECONDS = 0.3


@dataclass
class TcpRelay:
    port: int
    target: int
    mood: Mood = "well"
    refused: int = 0
    answers: list[bytes] = field(default_factory=list[bytes])
    """Answers (head and body) that the next connections get instead of those of the server."""
    loses: list[bytes] = field(default_factory=list[bytes])
    """The answers to requests that begin so are lost, with the connection."""
    drops: list[bytes] = field(default_factory=list[bytes])
    """Requests that begin so never reach the server; their connection ends."""
    demands: bytes = b""
    """A request whose head lacks this line gets 401, as from a proxy that wants a key."""
    seen: list[bytes] = field(default_factory=list[bytes])
    """First line of each request."""

    @property
    def endpoint(self) -> str:
        return f"127.0.0.1:{self.port}"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        to_reader, to_writer = await asyncio.open_connection("127.0.0.1", self.target)
        answers = asyncio.create_task(copy(to_reader, writer))
        try:
            while chunk := await reader.read(65536):
                self.seen.append(chunk.split(b"\r\n")[0])
                if self.mood == "slow":
                    await asyncio.sleep(SLOW_SECONDS)
                refusal = self.refusal(chunk)
                if refusal is not None:
                    self.refused += 1
                    await answer(writer, refusal)
                    break
                lost = next((start for start in self.loses if chunk.startswith(start)), None)
                if lost:
                    self.loses.remove(lost)
                    answers.cancel()
                to_writer.write(chunk)
                await to_writer.drain()
                if lost:
                    await to_reader.read(1)
                    break
        except ConnectionError:
            pass
        finally:
            answers.cancel()
            to_writer.close()
            writer.close()

    def refusal(self, chunk: bytes) -> bytes | None:
        """Return the answer in place of the server's; empty: none, None: the server answers."""
        first, *lines = chunk.split(b"\r\n")
        if self.demands and first.endswith(b"HTTP/1.1") and self.demands not in lines:
            return UNAUTHORIZED
        if dropped := next((start for start in self.drops if chunk.startswith(start)), None):
            self.drops.remove(dropped)
            return b""
        if self.answers:
            return self.answers.pop(0)
        return {"hangs up": b"", "errors": ERROR}.get(self.mood)


async def answer(writer: asyncio.StreamWriter, told: bytes) -> None:
    """Send an answer, if there is one, that ends with the connection."""
    if told:
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
async def relay(address: str, tls: ssl.SSLContext | None = None) -> AsyncGenerator[TcpRelay, None]:
    """Relay to a server on this machine: `host:port` or its URL. With `tls`, clients need it."""
    made = TcpRelay(free_port(), int(address.rpartition(":")[2]))
    server = await asyncio.start_server(made.serve, "127.0.0.1", made.port, ssl=tls)
    try:
        yield made
    finally:
        server.close()

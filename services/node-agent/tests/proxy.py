"""A TCP relay that loses answers, as networks do."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

from runtime.testing.ports import free_port


@dataclass
class LossyProxy:
    """Forwards everything; the answers to requests that begin so are lost, with the connection."""

    port: int
    target: int
    loses: list[bytes] = field(default_factory=list[bytes])
    seen: list[bytes] = field(default_factory=list[bytes])
    """First line of each request."""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        to_reader, to_writer = await asyncio.open_connection("127.0.0.1", self.target)
        answers = asyncio.create_task(copy(to_reader, writer))
        try:
            while chunk := await reader.read(65536):
                self.seen.append(chunk.split(b"\r\n")[0])
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


async def copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while chunk := await reader.read(65536):
            writer.write(chunk)
            await writer.drain()
    writer.close()


@asynccontextmanager
async def lossy_proxy(url: str) -> AsyncGenerator[LossyProxy, None]:
    proxy = LossyProxy(free_port(), int(url.rpartition(":")[2]))
    server = await asyncio.start_server(proxy.serve, "127.0.0.1", proxy.port)
    try:
        yield proxy
    finally:
        server.close()

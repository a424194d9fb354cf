"""A small HTTP/1.1 client, so that the load generator costs less than the fleet it measures."""

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit


@asynccontextmanager
async def connected(url: str, token: str) -> AsyncGenerator["Connection", None]:
    parts = urlsplit(url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port, limit=2**20)
    head = f"Host: {parts.netloc}\r\nAuthorization: Bearer {token}\r\n"
    with closing(writer):
        yield Connection(reader, writer, head)


@dataclass(frozen=True, slots=True)
class Connection:
    """A keep-alive connection for one request at a time."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    head: str

    async def post(self, path: str, body: bytes) -> tuple[int, bytes]:
        """Send JSON and return status and body."""
        head = f"POST {path} HTTP/1.1\r\n{self.head}Content-Type: application/json\r\n"
        self.writer.write(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
        status, length = await read_head(self.reader)
        return status, await self.reader.readexactly(length)

    async def events(self, path: str) -> AsyncIterator[tuple[str, dict[str, Any]]]:
        """Yield name and data of each server-sent event."""
        self.writer.write(f"GET {path} HTTP/1.1\r\n{self.head}\r\n".encode())
        status, _ = await read_head(self.reader)
        if status != 200:
            raise ConnectionError(f"{path} answered {status}")
        name = ""
        async for line in chunked_lines(self.reader):
            if line.startswith(b"event:"):
                name = line[6:].strip().decode()
            elif line.startswith(b"data:"):
                yield name, json.loads(line[5:])


async def read_head(reader: asyncio.StreamReader) -> tuple[int, int]:
    """Return status and content length."""
    head = await reader.readuntil(b"\r\n\r\n")
    length = 0
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            length = int(line[15:])
    return int(head[9:12]), length


async def chunked_lines(reader: asyncio.StreamReader) -> AsyncIterator[bytes]:
    """Yield the lines of a chunked body, wherever its chunks end."""
    rest = b""
    while size := int(await reader.readline(), 16):
        rest += await reader.readexactly(size)
        await reader.readline()
        *lines, rest = rest.split(b"\n")
        for line in lines:
            yield line

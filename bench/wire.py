"""A small HTTP/1.1 client, so that the load generator costs less than the fleet it measures."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any, Self
from urllib.parse import urlsplit


class Connection:
    """A keep-alive connection for one request at a time."""

    def __init__(self, url: str, token: str) -> None:
        parts = urlsplit(url)
        self._address = (parts.hostname or "127.0.0.1", parts.port or 80)
        self._head = f"Host: {parts.netloc}\r\nAuthorization: Bearer {token}\r\n"
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None

    async def open(self) -> Self:
        self._reader, self._writer = await asyncio.open_connection(*self._address, limit=2**20)
        return self

    async def close(self) -> None:
        if self._writer:
            self._writer.close()

    async def post(self, path: str, body: bytes) -> tuple[int, bytes]:
        """Send JSON and return status and body."""
        reader, writer = self._opened()
        head = f"POST {path} HTTP/1.1\r\n{self._head}Content-Type: application/json\r\n"
        writer.write(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
        status, length = await read_head(reader)
        return status, await reader.readexactly(length)

    async def events(self, path: str) -> AsyncIterator[tuple[str, dict[str, Any]]]:
        """Yield name and data of each server-sent event."""
        reader, writer = self._opened()
        writer.write(f"GET {path} HTTP/1.1\r\n{self._head}\r\n".encode())
        status, _ = await read_head(reader)
        if status != 200:
            raise ConnectionError(f"{path} answered {status}")
        name = ""
        async for line in chunked_lines(reader):
            if line.startswith(b"event:"):
                name = line[6:].strip().decode()
            elif line.startswith(b"data:"):
                yield name, json.loads(line[5:])

    def _opened(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if not self._reader or not self._writer:
            raise ConnectionError("open() was not called")
        return self._reader, self._writer


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

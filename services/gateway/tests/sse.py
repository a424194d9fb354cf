"""A client of event streams, as strict as a browser."""

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import httpx


@dataclass
class Frame:
    name: str
    id: str | None
    data: Any


class Frames:
    def __init__(self, answer: httpx.Response, ids: Callable[[str], None]) -> None:
        self._frames = read(answer.aiter_lines(), ids)

    async def next(self, within: float = 8.0) -> Frame:
        async with asyncio.timeout(within):
            return await anext(self._frames)

    async def rest(self, within: float = 8.0) -> list[Frame]:
        """All that comes before the server ends the stream."""
        async with asyncio.timeout(within):
            return [frame async for frame in self._frames]


@asynccontextmanager
async def following(
    client: httpx.AsyncClient,
    path: str,
    last_seen: object = None,
    headers: Mapping[str, str] = MappingProxyType({}),
    ids: Callable[[str], None] = lambda _: None,
) -> AsyncGenerator[Frames, None]:
    seen = {} if last_seen is None else {"Last-Event-ID": str(last_seen)}
    async with client.stream("GET", path, headers={**headers, **seen}) as answer:
        assert answer.status_code == 200, await answer.aread()
        assert answer.headers["content-type"].startswith("text/event-stream")
        yield Frames(answer, ids)


async def read(lines: AsyncIterator[str], ids: Callable[[str], None]) -> AsyncIterator[Frame]:
    """Yield events; tell of an id that comes without one."""
    fields: dict[str, str] = {}
    async for line in lines:
        if line:
            name, _, value = line.partition(": ")
            fields[name] = value
        elif "data" in fields:
            yield Frame(fields["event"], fields.get("id"), json.loads(fields["data"]))
            fields = {}
        else:
            if "id" in fields:
                ids(fields["id"])
            fields = {}

"""The object store, through the presigned URLs that media gives out."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from pathlib import Path

import httpx
import structlog

from contracts.media import InputFile
from node_agent.ports import TransferError

log = structlog.get_logger()

FETCH_PAUSES = (0.0, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0)
"""Before each try; nothing was computed yet, so another node may as well try."""
PUT_PAUSES = (*FETCH_PAUSES, *[10.0] * 57)
"""Ten minutes: what the GPU computed is worth waiting for a store that is away."""
CHUNK = 256 * 1024


class HttpObjectStore:
    """S3, or whatever answers plain GET and PUT."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client

    async def fetch(self, file: InputFile, path: Path) -> None:
        async def get() -> None:
            async with self._client.stream("GET", file.url) as response:
                response.raise_for_status()
                await save(response, path, file.size_bytes)

        await repeated(get, "fetched", FETCH_PAUSES)

    async def put(self, url: str, path: Path, content_type: str, size_bytes: int) -> None:
        # S3 refuses chunked bodies, so the length is said before
        headers = {"Content-Type": content_type, "Content-Length": str(size_bytes)}

        async def send() -> None:
            response = await self._client.put(url, content=chunks(path), headers=headers)
            response.raise_for_status()

        await repeated(send, "stored", PUT_PAUSES)


async def repeated(
    transfer: Callable[[], Awaitable[None]], done: str, pauses: Sequence[float]
) -> None:
    reason = ""
    for pause in pauses:
        await asyncio.sleep(pause)
        try:
            return await transfer()
        except httpx.HTTPStatusError as error:
            reason = f"answered {error.response.status_code}"
            if error.response.is_client_error:
                break  # a refused or expired URL stays so
        except httpx.RequestError as error:
            reason = type(error).__name__
        log.info("transfer_repeated", reason=reason)
    raise TransferError(f"A file could not be {done}: the object store {reason}.")


async def save(response: httpx.Response, path: Path, expected: int) -> None:
    size = 0
    with path.open("wb") as target:
        async for chunk in response.aiter_bytes(CHUNK):
            size += len(chunk)
            if size > expected:
                raise TransferError("An input file is bigger than announced.")
            target.write(chunk)


async def chunks(path: Path) -> AsyncIterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            yield chunk

"""Moves files to and from the object store, through the presigned URLs that media gives out."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import IO

import httpx
import structlog

from contracts.media.attempts import InputFile
from node_agent.ports import NoSpaceError, TransferError, UrlRefusedError

log = structlog.get_logger()

FETCH_PAUSES = (0.0, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0)
"""Before each try; nothing was computed yet, so another node may as well try."""
PUT_PAUSES = (*FETCH_PAUSES, *[10.0] * 57)
"""Ten minutes: what the GPU computed is worth waiting for a store that is away."""
LONGEST_PAUSE = 30.0
"""The store may ask for more, in vain."""
CHUNK = 256 * 1024

BAD_REQUEST, FORBIDDEN = 400, 403
PASSING = frozenset({408, 425, 429})
TOO_SLOW, TOO_OLD = b"<Code>RequestTimeout</Code>", b"<Code>ExpiredToken</Code>"
"""S3 calls these a bad request: a body that came too slowly, a URL signed too long ago."""


class HttpObjectStore:
    """S3, or whatever answers plain GET and PUT."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client

    async def fetch(self, file: InputFile, target: IO[bytes]) -> None:
        async def get() -> None:
            async with self._client.stream("GET", file.url) as response:
                if response.is_error:
                    await response.aread()
                response.raise_for_status()
                await save(response, target, file.size_bytes)

        await repeated(get, "fetched", FETCH_PAUSES)

    async def put(self, url: str, source: IO[bytes], content_type: str, size_bytes: int) -> None:
        # S3 refuses chunked bodies, so the length comes first
        headers = {"Content-Type": content_type, "Content-Length": str(size_bytes)}

        async def send() -> None:
            response = await self._client.put(url, content=chunks(source), headers=headers)
            response.raise_for_status()

        await repeated(send, "stored", PUT_PAUSES)


async def repeated(
    transfer: Callable[[], Awaitable[None]], done: str, pauses: Sequence[float]
) -> None:
    reason, asked = "", 0.0
    for pause in pauses:
        await asyncio.sleep(max(pause, asked))
        try:
            return await transfer()
        except httpx.HTTPStatusError as error:
            answer = error.response
            reason, asked = f"answered {answer.status_code}", asked_pause(answer)
            if is_url_refused(answer):
                raise UrlRefusedError(f"A file could not be {done}: the store {reason}.") from error
            if answer.is_client_error and not may_pass(answer):
                break
        except httpx.RequestError as error:
            reason, asked = type(error).__name__, 0.0
        log.info("transfer_repeated", reason=reason)
    raise TransferError(f"A file could not be {done}: the object store {reason}.")


def is_url_refused(answer: httpx.Response) -> bool:
    status = answer.status_code
    return status == FORBIDDEN or (status == BAD_REQUEST and TOO_OLD in answer.content)


def may_pass(answer: httpx.Response) -> bool:
    """Return whether the store may accept the same request later."""
    status = answer.status_code
    return status in PASSING or (status == BAD_REQUEST and TOO_SLOW in answer.content)


def asked_pause(answer: httpx.Response) -> float:
    """Seconds for which the store asks to be left alone; a date instead of them is ignored."""
    text = answer.headers.get("Retry-After", "")
    return min(float(text), LONGEST_PAUSE) if text.isdecimal() else 0.0


async def save(response: httpx.Response, target: IO[bytes], expected: int) -> None:
    size = 0
    try:
        target.seek(0)
        target.truncate()
        async for chunk in response.aiter_bytes(CHUNK):
            size += len(chunk)
            if size > expected:
                raise TransferError("An input file is bigger than announced.")
            target.write(chunk)
        target.flush()
    except OSError as error:
        raise NoSpaceError(f"No space left for an input file: {error.strerror}.") from error


async def chunks(source: IO[bytes]) -> AsyncIterator[bytes]:
    source.seek(0)
    while chunk := source.read(CHUNK):
        yield chunk

"""Moves files to and from the object store, through the presigned URLs that media gives out."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import IO

import httpx
import structlog

from contracts.media.attempts import InputFile
from node_agent.handlers.files import write_all
from node_agent.ports import StoreAwayError, TransferError, UrlRefusedError

log = structlog.get_logger()

FETCH_PAUSES = (0.0, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0)
"""Pauses between tries of a download. They are short: no GPU work is lost if another node takes
the job."""
PUT_PAUSES = (*FETCH_PAUSES, *[10.0] * 57)
"""Pauses between tries of an upload, ten minutes in all: a result of GPU work is worth the wait."""
MAX_PAUSE = 30.0
"""Upper limit on a `Retry-After` of the store."""
CHUNK = 256 * 1024

BAD_REQUEST, FORBIDDEN = 400, 403
PASSING = frozenset({408, 425, 429})
TOO_SLOW, TOO_OLD = b"<Code>RequestTimeout</Code>", b"<Code>ExpiredToken</Code>"
"""S3 calls these a bad request: a body that came too slowly, a URL signed too long ago."""


class HttpObjectStore:
    """S3, or any other server that answers plain GET and PUT."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client

    async def fetch(self, file: InputFile, target: IO[bytes]) -> None:
        async def get() -> None:
            async with self._client.stream("GET", file.url) as response:
                if response.is_error:
                    await response.aread()
                response.raise_for_status()
                too_big = TransferError("An input file is bigger than announced.")
                await write_all(response.aiter_bytes(CHUNK), target, file.size_bytes, too_big)

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
    else:
        raise StoreAwayError(f"A file could not be {done}: the object store {reason}.")
    raise TransferError(f"A file could not be {done}: the object store {reason}.")


def is_url_refused(answer: httpx.Response) -> bool:
    status = answer.status_code
    return status == FORBIDDEN or (status == BAD_REQUEST and TOO_OLD in answer.content)


def may_pass(answer: httpx.Response) -> bool:
    """Return whether the store may accept the same request later."""
    status = answer.status_code
    return status in PASSING or (status == BAD_REQUEST and TOO_SLOW in answer.content)


def asked_pause(answer: httpx.Response) -> float:
    """Return the seconds of `Retry-After`; a date is ignored."""
    text = answer.headers.get("Retry-After", "")
    return min(float(text), MAX_PAUSE) if text.isdecimal() else 0.0


async def chunks(source: IO[bytes]) -> AsyncIterator[bytes]:
    source.seek(0)
    while chunk := source.read(CHUNK):
        yield chunk

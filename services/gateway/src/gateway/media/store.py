"""Streams bytes to and from S3 by presigned URLs."""

import ssl
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import httpx

from contracts.errors import UnavailableError

TIMEOUT = httpx.Timeout(30.0, connect=3.0, pool=5.0)
LIMITS = httpx.Limits(max_connections=200, max_keepalive_connections=20)
CHUNK = 64 * 1024
READABLE = (200, 206)


class HttpObjectStore:
    """Raises UnavailableError if the store does not answer."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client

    async def put(
        self, url: str, headers: Mapping[str, str], size: int, chunks: AsyncIterator[bytes]
    ) -> None:
        try:
            answer = await self._client.put(
                url, headers={**headers, "Content-Length": str(size)}, content=chunks
            )
        except httpx.HTTPError as error:
            raise unavailable() from error
        if not answer.is_success:
            raise unavailable()

    @asynccontextmanager
    async def open(
        self, url: str, headers: Mapping[str, str]
    ) -> AsyncGenerator[httpx.Response, None]:
        """Open a download, whose bytes are `chunks_of` the response."""
        try:
            async with self._client.stream("GET", url, headers=dict(headers)) as answer:
                if answer.status_code not in READABLE:
                    raise unavailable()
                yield answer
        except httpx.HTTPError as error:
            raise unavailable() from error


def chunks_of(answer: httpx.Response) -> AsyncIterator[bytes]:
    return answer.aiter_raw(CHUNK)


def unavailable() -> UnavailableError:
    return UnavailableError("the object store does not answer", code="store_unavailable")


@asynccontextmanager
async def http_store(ca_file: Path | None = None) -> AsyncGenerator[HttpObjectStore, None]:
    """Open a client without proxies: the store is inside the cluster."""
    verify = ssl.create_default_context(cafile=ca_file) if ca_file else True
    async with httpx.AsyncClient(
        timeout=TIMEOUT, limits=LIMITS, trust_env=False, verify=verify
    ) as client:
        yield HttpObjectStore(client)

"""Streams bytes to and from S3 by presigned URLs."""

import ssl
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from contracts.errors import UnavailableError

TIMEOUT = httpx.Timeout(30.0, connect=3.0, pool=5.0)
LIMITS = httpx.Limits(max_connections=200, max_keepalive_connections=20)
CHUNK = 64 * 1024
PARTIAL = 206
READABLE = (200, PARTIAL)


@dataclass(frozen=True, slots=True)
class StoredObject:
    """An open download."""

    status: int
    """200 or 206."""
    headers: Mapping[str, str]
    chunks: AsyncIterator[bytes] = field(repr=False)


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
    ) -> AsyncGenerator[StoredObject, None]:
        try:
            async with self._client.stream("GET", url, headers=dict(headers)) as answer:
                if answer.status_code not in READABLE:
                    raise unavailable()
                # rclone's S3 answers a range with status 200
                is_part = "content-range" in answer.headers and answer.is_success
                status = PARTIAL if is_part else answer.status_code
                yield StoredObject(status, answer.headers, answer.aiter_raw(CHUNK))
        except httpx.HTTPError as error:
            raise unavailable() from error


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

"""Streams bytes to and from S3 by presigned URLs."""

import socket
import ssl
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import httpx

from contracts.errors import NotFoundError, UnavailableError

TIMEOUT = httpx.Timeout(30.0, connect=3.0, pool=5.0)
MOST_IDLE = 20
RECEIVE_BYTES = 64 * 1024
"""Received ahead from the store for a slow client; by itself the kernel takes megabytes."""
CHUNK = 64 * 1024
READABLE = (200, 206)
MISSING = 404


class HttpObjectStore:
    """Raises UnavailableError if the store does not answer.

    Downloads and uploads have connections of their own, so neither can take those of the other.
    """

    def __init__(self, downloads: httpx.AsyncClient, uploads: httpx.AsyncClient) -> None:
        self._downloads = downloads
        self._uploads = uploads

    async def put(
        self, url: str, headers: Mapping[str, str], size: int, chunks: AsyncIterator[bytes]
    ) -> None:
        try:
            answer = await self._uploads.put(
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
            async with self._downloads.stream("GET", url, headers=dict(headers)) as answer:
                if answer.status_code == MISSING:
                    raise NotFoundError("the store lost the content", code="content_missing")
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
async def http_store(
    ca_file: Path | None = None, *, downloads: int, uploads: int
) -> AsyncGenerator[HttpObjectStore, None]:
    """Open clients with so many connections, without proxies: the store is inside the cluster."""
    async with client_of(ca_file, downloads) as down, client_of(ca_file, uploads) as up:
        yield HttpObjectStore(down, up)


def client_of(ca_file: Path | None, connections: int) -> httpx.AsyncClient:
    transport = httpx.AsyncHTTPTransport(
        verify=ssl.create_default_context(cafile=ca_file) if ca_file else True,
        limits=httpx.Limits(max_connections=connections, max_keepalive_connections=MOST_IDLE),
        trust_env=False,
        socket_options=[(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BYTES)],
    )
    return httpx.AsyncClient(timeout=TIMEOUT, transport=transport, trust_env=False)

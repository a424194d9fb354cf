"""Measures what 200 slow readers and 200 slow writers of one user cost another user.

The slow ones move bytes just above the lowest rate that the gateway allows, so that they keep what
they get, and ask again as soon as they are refused. The other user downloads and uploads in turn,
before and meanwhile. As many quick clients come first: memory that any crowd takes for good is no
cost of slow ones.
"""

import asyncio
import itertools
import os
import socket
import statistics
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager, closing, suppress
from dataclasses import dataclass
from typing import Any, TypeAlias
from urllib.parse import urlsplit

import httpx
import psutil

from bench.latency import timed
from comfyfleet.testing import LocalFleet

READERS = 200
WRITERS = 200
MEDIA = 10
"""So many media are read, each by as many signed links as tokens."""
MEDIA_BYTES = 16 * 1024**2
OTHER_BYTES = 4 * 1024**2
PIECE_BYTES = 5_000
PIECE_SECONDS = 0.25
RECEIVE_BYTES = 16 * 1024
"""The kernel's buffer of a slow reader: a larger one would read ahead for it."""
FILL_SECONDS = 15.0
"""Then the slow ones hold all they can, and those above their share have been refused."""
REST_SECONDS = 60.0

Talk: TypeAlias = Callable[
    [asyncio.StreamReader, asyncio.StreamWriter, float, Counter[str]], Awaitable[None]
]


@dataclass(frozen=True, slots=True)
class Times:
    """Medians in milliseconds."""

    download_ms: float
    upload_ms: float


@dataclass(frozen=True, slots=True)
class SlowClients:
    alone: Times
    beside: Times
    answers: Counter[str]
    """Counts the statuses that the slow ones got."""
    memory_mb: float
    """Memory of the gateway before, a minute after as many quick clients."""
    most_memory_mb: float
    memory_after_mb: float
    """A minute after the last slow one left."""


async def measure(fleet: LocalFleet, slow: str, other: str, rounds: int) -> SlowClients:
    """Measure with the tokens of two users."""
    gateway = psutil.Process(fleet.pid("gateway"))
    async with client_of(fleet, slow) as attacker, client_of(fleet, other) as user:
        media = [await upload(attacker, MEDIA_BYTES) for _ in range(MEDIA)]
        async with crowd(fleet, slow, media, pause_seconds=0):
            await asyncio.sleep(FILL_SECONDS)
        await asyncio.sleep(REST_SECONDS)
        alone, memory = await times_of(user, rounds), memory_mb(gateway)
        async with crowd(fleet, slow, media, PIECE_SECONDS) as answers, peak_of(gateway) as seen:
            await asyncio.sleep(FILL_SECONDS)
            beside = await times_of(user, rounds)
        await asyncio.sleep(REST_SECONDS)
    return SlowClients(alone, beside, answers, memory, max(seen), memory_mb(gateway))


def client_of(fleet: LocalFleet, token: str) -> httpx.AsyncClient:
    headers = {"Authorization": f"Bearer {token}"}
    return httpx.AsyncClient(base_url=fleet.url, headers=headers, timeout=120, trust_env=False)


async def times_of(client: httpx.AsyncClient, rounds: int) -> Times:
    downloads, uploads = list[float](), list[float]()
    media = await upload(client, OTHER_BYTES)
    for _ in range(rounds):
        downloads.append(await timed(download(client, media["id"])))
        uploads.append(await timed(upload(client, OTHER_BYTES)))
    return Times(statistics.median(downloads), statistics.median(uploads))


async def download(client: httpx.AsyncClient, media_id: str) -> None:
    answer = await client.get(f"/v1/media/{media_id}/content")
    if len(answer.raise_for_status().content) != OTHER_BYTES:
        raise RuntimeError("the download is not whole")


async def upload(client: httpx.AsyncClient, size: int) -> Any:
    """Store random bytes, since equal ones of an owner are stored once."""
    files = {"file": ("a.bin", os.urandom(size))}
    answer = await client.post("/v1/media", data={"kind": "file"}, files=files)
    return answer.raise_for_status().json()


@asynccontextmanager
async def crowd(
    fleet: LocalFleet, token: str, media: list[Any], pause_seconds: float
) -> AsyncGenerator[Counter[str], None]:
    """Keep all clients busy, with a pause after each piece; yield the counted statuses."""
    answers, authorization = Counter[str](), f"Authorization: Bearer {token}\r\n"
    links = (f"GET {one['url']} HTTP/1.1\r\nHost: x\r\n\r\n" for one in media)
    own = (
        f"GET /v1/media/{one['id']}/content HTTP/1.1\r\nHost: x\r\n{authorization}\r\n"
        for one in media
    )
    form = (
        f"POST /v1/media HTTP/1.1\r\nHost: x\r\n{authorization}Content-Length: 50000000\r\n"
        "Content-Type: multipart/form-data; boundary=b\r\n\r\n--b\r\n"
        'Content-Disposition: form-data; name="file"; filename="a"\r\n\r\n'
    )
    heads = itertools.cycle((*links, *own))
    clients = [
        ask_again(fleet, next(heads), read_pieces, pause_seconds, answers) for _ in range(READERS)
    ]
    clients += [
        ask_again(fleet, form, write_pieces, pause_seconds, answers) for _ in range(WRITERS)
    ]
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(client) for client in clients]
        try:
            yield answers
        finally:
            for task in tasks:
                task.cancel()


async def ask_again(
    fleet: LocalFleet, head: str, talk: Talk, pause_seconds: float, answers: Counter[str]
) -> None:
    """Ask until canceled, and count the statuses of the answers."""
    address = urlsplit(fleet.url)
    while True:
        slow = socket.socket()
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BYTES)
        slow.settimeout(0)
        await asyncio.get_running_loop().sock_connect(slow, (address.hostname, address.port))
        reader, writer = await asyncio.open_connection(sock=slow, limit=PIECE_BYTES)
        with closing(writer), suppress(ConnectionError):
            writer.write(head.encode())
            await talk(reader, writer, pause_seconds, answers)


async def read_pieces(
    reader: asyncio.StreamReader,
    _writer: asyncio.StreamWriter,
    pause_seconds: float,
    answers: Counter[str],
) -> None:
    answers[await status_of(reader)] += 1
    while await reader.read(PIECE_BYTES):
        await asyncio.sleep(pause_seconds)


async def write_pieces(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    pause_seconds: float,
    answers: Counter[str],
) -> None:
    answer = asyncio.create_task(status_of(reader))
    try:
        while not answer.done():
            writer.write(bytes(PIECE_BYTES))
            await writer.drain()
            await asyncio.wait((answer,), timeout=pause_seconds)
        answers[answer.result()] += 1
    finally:
        answer.cancel()


async def status_of(reader: asyncio.StreamReader) -> str:
    """Return the status of the answer; empty if the gateway drops the connection."""
    return (await reader.readline())[9:12].decode()


@asynccontextmanager
async def peak_of(process: psutil.Process) -> AsyncGenerator[list[float], None]:
    """Yield the memory of the process in MiB, to which a sample is added each half second."""
    seen = [memory_mb(process)]

    async def sample() -> None:
        while True:
            await asyncio.sleep(0.5)
            seen.append(memory_mb(process))

    task = asyncio.create_task(sample())
    try:
        yield seen
    finally:
        task.cancel()


def memory_mb(process: psutil.Process) -> float:
    return process.memory_info().rss / 1024**2

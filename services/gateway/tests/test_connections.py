"""Connections of clients that read no answer, or never send a whole request."""

import asyncio
import re
import socket
from collections.abc import AsyncGenerator
from contextlib import ExitStack, asynccontextmanager, suppress
from functools import partial
from urllib.parse import urlsplit

import pytest

from gateway.http import middleware, server
from gateway.http.pace import Pace
from runtime.testing.ports import eventually
from runtime.testing.servers import NatsServer

from .fleet import Fleet, a_fleet

DOCUMENT = b"GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n"
SMALL = b"GET /version HTTP/1.1\r\nHost: x\r\n\r\n"
REFUSED = b"POST /v1/jobs HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{"
MOST_BUFFERED = 256 * 1024
SHORT = 0.5
RECEIVE_BYTES = 4_096
"""The kernel's buffer of a client: a larger one would read for it."""


class Connections:
    """The open connections of a gateway in this process."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.open = set[server.Protocol]()
        self.most_buffered = 0
        known = self.open

        class Watched(server.Protocol):
            def connection_made(self, transport: asyncio.Transport) -> None:
                super().connection_made(transport)
                known.add(self)

            def connection_lost(self, exc: Exception | None) -> None:
                super().connection_lost(exc)
                known.discard(self)

        monkeypatch.setattr(server, "Protocol", Watched)

    def count(self, ports: set[int]) -> int:
        """Return how many of these clients are connected, and measure what lies there for them."""
        found = [one for one in self.open if one.client and one.client[1] in ports]
        sizes = (one.transport.get_write_buffer_size() for one in found)
        self.most_buffered = max(self.most_buffered, *sizes, 0)
        return len(found)


@asynccontextmanager
async def sockets(fleet: Fleet, *sent: bytes) -> AsyncGenerator[list[socket.socket], None]:
    """Open a socket for each of these beginnings of a conversation, and send it."""
    address, loop = urlsplit(fleet.url), asyncio.get_running_loop()
    with ExitStack() as stack:
        opened: list[socket.socket] = []
        for content in sent:
            one = stack.enter_context(socket.socket())
            one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BYTES)
            one.setblocking(False)
            await loop.sock_connect(one, (address.hostname, address.port))
            await loop.sock_sendall(one, content)
            opened.append(one)
        yield opened


async def test_clients_that_read_no_answer_are_cut_off_and_hold_little(
    nats: NatsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    connections = Connections(monkeypatch)
    async with a_fleet(nats) as fleet:
        monkeypatch.setattr(middleware, "Pace", partial(Pace, grace_seconds=SHORT))
        async with sockets(fleet, *[DOCUMENT] * 10, *[SMALL * 400] * 2) as clients:
            ports = {one.getsockname()[1] for one in clients}
            await eventually(lambda: connections.count(ports) == len(clients))
            await eventually(lambda: connections.count(ports) == 0, 60)
        whole = await fleet.client.get("/openapi.json")

    assert 0 < connections.most_buffered <= MOST_BUFFERED
    assert len(whole.content) > MOST_BUFFERED
    assert whole.json()["info"]["title"] == "ComfyFleet"


async def test_connections_without_a_whole_request_are_dropped(
    nats: NatsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with a_fleet(nats) as fleet:
        monkeypatch.setattr(server, "HEAD_SECONDS", SHORT)
        half = b"GET /v1/jo"
        begun = (b"", half, b"\r\n", SMALL + half, SMALL + b"\r\n", REFUSED, b"\x00")
        async with sockets(fleet, *begun) as clients, asyncio.timeout(60):
            told = await asyncio.gather(*map(until_the_end, clients))

    statuses = [answer[9:12] for answer in told]
    assert statuses == [b"", b"", b"", b"200", b"200", b"401", b"400"]


async def test_a_head_that_never_ends_is_refused(nats: NatsServer) -> None:
    begun = b"GET /version HTTP/1.1\r\nHost: x\r\n" + (b"X: " + b"a" * 60_000 + b"\r\n") * 20
    async with a_fleet(nats) as fleet, asyncio.timeout(60):
        told = [await conversation(fleet, sent) for sent in (begun, SMALL + begun)]
        emptiness = await conversation(fleet, b"\r\n" * 500_000)

    assert [re.findall(rb"HTTP/1.1 (\d+)", one) for one in told] == [[b"400"], [b"200", b"400"]]
    assert all(one.endswith(b"The head of the request is too long.") for one in told)
    assert not emptiness or emptiness.endswith(b"The head of the request is too long.")


async def test_trailers_are_bounded_like_a_head_and_dropped(
    nats: NatsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    connections = Connections(monkeypatch)
    chunks = b"GET /version HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n"
    many, one = (b"X: " + b"a" * 60_000 + b"\r\n") * 20, b"X: " + b"a" * 1_000_000
    async with a_fleet(nats) as fleet, asyncio.timeout(60):
        for endless in (many, one):
            told = await conversation(fleet, chunks + endless)
            assert re.findall(rb"HTTP/1.1 (\d+)", told)[-1] == b"400"
        async with sockets(fleet, chunks + b"X-Late: 1\r\n\r\n") as (client,):
            assert b" 200 " in await asyncio.get_running_loop().sock_recv(client, 20)
            ports = {client.getsockname()[1]}
            (known,) = (one for one in connections.open if one.client and one.client[1] in ports)
            names = [name for name, _ in known.headers]

    assert names == [b"host", b"transfer-encoding"]


async def test_a_large_body_is_no_head(nats: NatsServer) -> None:
    head = b"POST /v1/jobs HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n"
    last = b"GET /version HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    async with a_fleet(nats) as fleet, asyncio.timeout(60):
        told = await conversation(fleet, head + b"{" * 1_000_000 + last)

    assert re.findall(rb"HTTP/1.1 (\d+)", told) == [b"401", b"200"]


async def conversation(fleet: Fleet, sent: bytes) -> bytes:
    """Send all, and return what the server answered until it dropped the connection."""
    address = urlsplit(fleet.url)
    reader, writer = await asyncio.open_connection(address.hostname, address.port)
    answer = b""
    with suppress(ConnectionError):
        writer.write(sent)
        await writer.drain()
    with suppress(ConnectionError):
        while piece := await reader.read(RECEIVE_BYTES):
            answer += piece
    writer.close()
    return answer


async def until_the_end(client: socket.socket) -> bytes:
    """Read until the server drops the connection."""
    answer = b""
    while piece := await asyncio.get_running_loop().sock_recv(client, RECEIVE_BYTES):
        answer += piece
    return answer

"""WebSocket clients that send nonsense or read nothing cost little, and only for a while."""

import asyncio
import socket
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from typing import ClassVar

import pytest
from uvicorn.protocols.utils import ClientDisconnected
from websockets.frames import Frame, Opcode

from gateway.http import server
from gateway.http import sockets as http_sockets
from gateway.live import websocket
from runtime.testing.ports import eventually
from runtime.testing.servers import NatsServer

from .fleet import Fleet, a_fleet
from .test_connections import MOST_BUFFERED, RECEIVE_BYTES, sockets
from .test_websocket import preview

LARGE = "x" * 100_000


def handshake(fleet: Fleet, more: str = "") -> bytes:
    token = fleet.headers()["Authorization"].removeprefix("Bearer ")
    return (
        "GET /v1/ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
        f"Sec-WebSocket-Protocol: comfyfleet.v1, bearer.{token}\r\n{more}\r\n"
    ).encode()


def text(content: str, *, is_last: bool = True) -> bytes:
    return Frame(Opcode.TEXT, content.encode(), fin=is_last).serialize(mask=True)


SUBSCRIBE = text('{"type": "subscribe"}')


class Watched(http_sockets.SocketProtocol):
    """The open WebSocket connections of a gateway in this process."""

    all_open: ClassVar = set[http_sockets.SocketProtocol]()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self.all_open.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self.all_open.discard(self)


def unsent() -> int:
    return max((one.transport.get_write_buffer_size() for one in Watched.all_open), default=0)


@pytest.fixture
def fast(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "SocketProtocol", Watched)
    monkeypatch.setattr(http_sockets, "HANDSHAKE_SECONDS", 0.5)
    monkeypatch.setattr(http_sockets, "CLOSE_SECONDS", 0.5)
    monkeypatch.setattr(websocket, "FIRST_SECONDS", 0.5)
    monkeypatch.setattr(websocket, "SEND_SECONDS", 0.5)


@asynccontextmanager
async def a_client(fleet: Fleet, *sent: bytes) -> AsyncGenerator[socket.socket, None]:
    """Send the handshake; once it was answered, send the rest."""
    async with sockets(fleet, handshake(fleet)) as (client,):
        loop = asyncio.get_running_loop()
        assert b" 101 " in await loop.sock_recv(client, RECEIVE_BYTES)
        with suppress(ConnectionError):  # it may be dropped before all is sent
            for content in sent:
                await loop.sock_sendall(client, content)
        yield client


@pytest.mark.usefixtures("fast")
async def test_clients_that_say_nothing_or_nonsense_are_dropped(nats: NatsServer) -> None:
    async with a_fleet(nats) as fleet:
        long_line = handshake(fleet, f"X: {'a' * 20_000}\r\n")
        twice = handshake(fleet, "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n")
        half = handshake(fleet)[:-2] + b"Sec-WebSocket-Version: 7\r\n\r\n"
        async with sockets(fleet, long_line, twice, half, handshake(fleet)):
            await eventually(lambda: len(Watched.all_open) > 0)
            await eventually(lambda: not Watched.all_open)
        for nonsense in (b"\xff" * 1_000, text(LARGE), text("x", is_last=False) + b"\x00\x80abcd"):
            async with a_client(fleet, SUBSCRIBE, nonsense * 1_000):
                await eventually(lambda: not Watched.all_open)


@pytest.mark.usefixtures("fast")
async def test_a_client_that_pings_and_reads_nothing_is_dropped(nats: NatsServer) -> None:
    ping, seen = Frame(Opcode.PING, b"x" * 125).serialize(mask=True) * 100, list[int]()

    async def ping_on(client: socket.socket) -> None:
        while True:
            await asyncio.get_running_loop().sock_sendall(client, ping)
            seen.append(unsent())

    async with a_fleet(nats) as fleet, a_client(fleet, SUBSCRIBE) as client:
        with pytest.raises(ConnectionError):
            await ping_on(client)
        await eventually(lambda: not Watched.all_open)

    assert max(seen) <= MOST_BUFFERED


@pytest.mark.usefixtures("fast")
async def test_a_client_that_reads_nothing_holds_little_and_is_dropped(nats: NatsServer) -> None:
    async with a_fleet(nats) as fleet:
        inputs = {"text": LARGE}
        jobs = [fleet.scheduler.add(fleet.user_id, inputs=inputs).id for _ in range(40)]
        async with a_client(fleet, SUBSCRIBE):
            most = 0
            for job_id in jobs:
                await preview(fleet, job_id)
                await fleet.scheduler.complete(job_id)
                most = max(most, unsent())
            await eventually(lambda: not Watched.all_open)

    assert 0 < most <= MOST_BUFFERED


@pytest.mark.usefixtures("fast")
async def test_a_client_that_closes_amid_the_news_has_left_and_is_no_fault_of_ours(
    nats: NatsServer,
) -> None:
    close = Frame(Opcode.CLOSE, b"\x03\xe8").serialize(mask=True)
    async with a_fleet(nats) as fleet, a_client(fleet, SUBSCRIBE):
        await eventually(lambda: bool(Watched.all_open))
        [protocol] = Watched.all_open
        protocol.conn.receive_data(close)  # the app does not know yet
        with pytest.raises(ClientDisconnected):
            await protocol.send({"type": "websocket.send", "bytes": b"{}"})

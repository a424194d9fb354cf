"""Runs uvicorn inside the event loop and process of the gateway."""

import asyncio
import socket
import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any

import structlog
import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from gateway.http.sockets import (
    MAX_MESSAGE_BYTES,
    PING_SECONDS,
    PONG_SECONDS,
    SocketProtocol,
)
from gateway.http.streaming import ABORT
from gateway.settings import GatewaySettings

log = structlog.get_logger()

STOP_SECONDS = 10
TICK_SECONDS = 0.5
BACKLOG = 2_048
UNSENT_BYTES = 64 * 1024
"""The kernel takes this much more than the network carries: a slow client costs no more memory."""
HEAD_SECONDS = 30.0
"""Time without a whole head of a request: after connecting, after its first byte, after an answer.

The rest of an answer that lies in the buffer of the connection has this time too."""

MAX_HEAD_BYTES = 64 * 1024
"""Length of a request's head, and of the rest that follows its body.

Browsers send heads of up to 16 KiB, and proxies refuse 32."""


class Protocol(HttpToolsProtocol):
    """HTTP whose requests can drop their connection, and whose answers wait for the client.

    A connection without a request is dropped after a while, whatever it receives meanwhile:
    uvicorn's own timeout ends with the first byte, and would wait until the client has read all.
    """

    _deadline: asyncio.TimerHandle | None = None
    _head_bytes = 0
    """Bytes since a head or the last piece of a body, without the data in which these ended.

    So trailers and the extensions of chunks have the bound too; the parser keeps trailers."""
    _is_head = True
    """Headers belong to a head; else they are trailers, which nobody reads (RFC 9110, 6.5.1)."""
    _has_begun = False
    """A head begins or ends in the present data, or a piece of a body is in it."""

    def connection_made(self, transport: asyncio.Transport) -> None:
        super().connection_made(transport)
        transport.set_write_buffer_limits(UNSENT_BYTES // 4)  # else a chunk more waits here
        self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_waiting()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        self._has_begun = False
        super().data_received(data)
        if self._has_begun or self.transport.is_closing():
            return
        self._head_bytes += len(data)  # the parser has no bound of its own
        if self._head_bytes > MAX_HEAD_BYTES:
            self.send_400_response("The head of the request is too long.")

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._is_head:
            super().on_header(name, value)

    def on_body(self, body: bytes) -> None:
        super().on_body(body)
        self._count_anew()

    def on_message_complete(self) -> None:
        super().on_message_complete()
        self._count_anew()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._is_head = True
        self._count_anew()
        self.scope[ABORT] = self.transport.abort  # pyright: ignore[reportGeneralTypeIssues]  # a key of our own
        self._await_head()

    def on_headers_complete(self) -> None:
        self._stop_waiting()
        self._is_head = False
        self._count_anew()
        super().on_headers_complete()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self.cycle.response_complete:  # else the next request is here
            self._await_head()

    def send_400_response(self, msg: str) -> None:
        super().send_400_response(msg)
        self._await_head()

    def _count_anew(self) -> None:
        self._head_bytes, self._has_begun = 0, True

    def _await_head(self) -> None:
        self._stop_waiting()
        self._deadline = self.loop.call_later(HEAD_SECONDS, self.transport.abort)

    def _stop_waiting(self) -> None:
        if self._deadline:
            self._deadline.cancel()


class Server(uvicorn.Server):
    """Leaves signals to the process, and ticks twice a second instead of ten times.

    A tick renews the Date header and checks whether to stop; ten of them a second would be
    needless work at rest.
    """

    @contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        yield

    async def main_loop(self) -> None:
        while True:
            if await self.on_tick(0):
                return
            await asyncio.sleep(TICK_SECONDS)


@contextmanager
def listen(host: str, port: int) -> Generator[socket.socket, None, None]:
    """A listening socket; OSError if the port is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.create_server((host, port), family=family, backlog=BACKLOG) as server_socket:
        if sys.platform == "linux":  # inherited by the connections
            server_socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, UNSENT_BYTES)
        log.info("gateway_listening", host=host, port=server_socket.getsockname()[1])
        yield server_socket


async def serve(
    app: Any,
    server_socket: socket.socket,
    settings: GatewaySettings,
    *,
    stop: asyncio.Event,
    stopping: Callable[[], None],
) -> None:
    """Serve until `stop`; then call `stopping`, which ends long answers, and finish the rest."""
    config = uvicorn.Config(
        app,
        http=Protocol,
        ws=SocketProtocol,
        ws_max_size=MAX_MESSAGE_BYTES,
        ws_ping_interval=PING_SECONDS,
        ws_ping_timeout=PONG_SECONDS,
        ws_per_message_deflate=False,  # its windows would be half of a connection's memory
        lifespan="off",
        root_path=settings.path_prefix,
        forwarded_allow_ips=settings.trusted_proxies,
        access_log=False,
        log_config=None,
        server_header=False,
        timeout_keep_alive=2 * int(HEAD_SECONDS) + 1,  # the protocol is faster
        timeout_graceful_shutdown=STOP_SECONDS,
    )
    server = Server(config)
    serving = asyncio.create_task(server.serve(sockets=[server_socket]))
    stopped = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait((serving, stopped), return_when=asyncio.FIRST_COMPLETED)
        stopping()
        server.should_exit = True
        await serving
    finally:
        stopped.cancel()
        serving.cancel()

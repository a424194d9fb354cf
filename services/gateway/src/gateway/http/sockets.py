"""WebSocket connections (RFC 6455) whose clients cost no more than others.

uvicorn's protocol has no bound for a handshake that it cannot read, for the fragments of a message,
for the pongs of a client that does not read, and for a close that the client does not take.
"""

from asyncio import TimerHandle
from asyncio.transports import BaseTransport
from typing import Any, cast

from uvicorn.protocols.utils import ClientDisconnected
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.exceptions import InvalidState
from websockets.frames import Frame
from websockets.http11 import Request

from gateway.http.streaming import ABORT, PIECE_BYTES

HANDSHAKE_SECONDS = 10.0
CLOSE_SECONDS = 5.0
"""Time that a client has to take the last messages."""
MAX_MESSAGE_BYTES = 16 * 1024
"""Length of a message of a client: a token is the longest thing in it."""
MAX_FRAGMENTS = 64
MAX_UNSENT_BYTES = 128 * 1024
"""Of a piece of a message and of answers to pings, for a client that does not read them."""
IS_TEXT = "gateway.is_text"
"""Key of a sent message whose bytes are text: to decode them would be another copy."""
PING_SECONDS = 10.0
PONG_SECONDS = 20.0


class SocketProtocol(WebSocketsSansIOProtocol):
    """Drops connections that take too long, and sends long messages in fragments."""

    _deadline: TimerHandle | None = None

    def connection_made(self, transport: BaseTransport) -> None:
        super().connection_made(transport)
        self._drop_after(HANDSHAKE_SECONDS)

    def connection_lost(self, exc: Exception | None) -> None:
        self._keep()
        super().connection_lost(exc)

    def handle_connect(self, event: Request) -> None:
        self._keep()
        super().handle_connect(event)

    def handle_cont(self, event: Frame) -> None:
        super().handle_cont(event)
        if len(self.frames) > MAX_FRAGMENTS:
            self.transport.abort()

    def handle_ping(self) -> None:
        super().handle_ping()
        if self.transport.get_write_buffer_size() > MAX_UNSENT_BYTES:
            self.transport.abort()

    def keepalive_timeout(self) -> None:
        super().keepalive_timeout()
        self.transport.abort()  # closing would wait until the client has read the rest

    async def run_asgi(self) -> None:
        scope = cast(dict[str, Any], self.scope)
        scope[ABORT] = self.transport.abort
        try:
            await super().run_asgi()
        finally:
            self._drop_after(CLOSE_SECONDS)

    async def send(self, message: Any) -> None:
        """Send a long message in fragments, so that no more than one waits for the client."""
        if message["type"] != "websocket.send":
            await super().send(message)
            return
        body, begin = message["bytes"], self.conn.send_binary
        if message.get(IS_TEXT):
            begin = self.conn.send_text
        for place in range(0, len(body), PIECE_BYTES):
            await self.writable.wait()
            if self.disconnected or self.close_sent:
                raise ClientDisconnected
            piece, is_last = body[place : place + PIECE_BYTES], place + PIECE_BYTES >= len(body)
            try:
                (self.conn.send_continuation if place else begin)(piece, fin=is_last)
            except InvalidState as error:  # the client has closed, and the app does not know yet
                raise ClientDisconnected from error
            self.transport.write(b"".join(self.conn.data_to_send()))

    def _drop_after(self, seconds: float) -> None:
        self._keep()
        if not self.disconnected:
            self._deadline = self.loop.call_later(seconds, self.transport.abort)

    def _keep(self) -> None:
        if self._deadline:
            self._deadline.cancel()

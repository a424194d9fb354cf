"""Sends answers in pieces, and cuts off clients that do not take them.

Every answer goes this way, so a client that does not read costs a piece of memory besides the
answer itself, for a bounded time. An answer that is made while it is sent is a `LongAnswer`.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack

import structlog
from fastapi.responses import StreamingResponse
from starlette.types import Message, Receive, Scope, Send

from gateway.http.pace import Pace, Patience

log = structlog.get_logger()

PIECE_BYTES = 64 * 1024
SEND_SECONDS = 60.0
"""A client that takes no event for this long is gone, or wants to hold our memory."""

ABORT = "gateway.abort"
"""Key of a request's scope: a function that drops the connection with all that it buffers."""
PACE = "gateway.pace"
"""Key of a request's scope: how fast the client must take the answer."""


class LongAnswer(StreamingResponse):
    """Frees what it holds in the end, even if the first chunk was never asked for."""

    def __init__(
        self,
        chunks: AsyncIterator[bytes],
        held: AsyncExitStack,
        *,
        headers: Mapping[str, str],
        status: int = 200,
        patience: Patience | None = None,
    ) -> None:
        """With a patience the answer may last: the client must take each part within that time."""
        super().__init__(chunks, status, headers)
        self._held = held
        self._patience = patience

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._patience:
            scope[PACE] = self._patience
        try:
            await super().__call__(scope, receive, send)
        finally:
            await self._held.aclose()


def paced(scope: Scope, send: Send, pace: Pace) -> Send:
    """Return a `send` that drops the connection once the client falls behind the pace.

    The app goes on as if the client had left.
    """
    scope[PACE] = pace

    async def send_in_time(message: Message) -> None:
        try:
            async with scope[PACE].waiting():
                await send(message)
            scope[PACE].bytes_moved += len(message.get("body", b""))
        except TimeoutError:
            log.info("client_cut_off", path=scope["path"][:200])
            scope[ABORT]()  # closing would wait until the client has read the rest
            await send(message)  # returns once the connection is gone

    async def send_pieces(message: Message) -> None:
        body = message.get("body", b"")
        last = max(0, len(body) - 1) // PIECE_BYTES * PIECE_BYTES
        for begin in range(0, last, PIECE_BYTES):
            piece = body[begin : begin + PIECE_BYTES]
            await send_in_time({"type": message["type"], "body": piece, "more_body": True})
        await send_in_time({**message, "body": body[last:]} if last else message)

    return send_pieces

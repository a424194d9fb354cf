"""Long answers: freed however the client leaves, and cut off if the client stops reading."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack

import structlog
from fastapi.responses import StreamingResponse
from starlette.types import Message, Receive, Scope, Send

from gateway.http.pace import Pace

log = structlog.get_logger()

SEND_SECONDS = 60.0
"""A client that takes nothing for this long is gone, or wants to hold our memory."""


ABORT = "gateway.abort"
"""Key of a request's scope: a function that drops the connection with all that it buffers."""


class LongAnswer(StreamingResponse):
    """Frees what it holds in the end, even if the first chunk was never asked for."""

    def __init__(
        self,
        chunks: AsyncIterator[bytes],
        held: AsyncExitStack,
        *,
        headers: Mapping[str, str],
        status: int = 200,
        patience: float = SEND_SECONDS,
        pace: Pace | None = None,
    ) -> None:
        """With a pace the client must take the whole answer at a lowest rate."""
        super().__init__(chunks, status, headers)
        self._held = held
        self._patience = patience
        self._pace = pace

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_in_time(message: Message) -> None:
            if self._pace is None:
                async with asyncio.timeout(self._patience):
                    await send(message)
                return
            async with self._pace.waiting():
                await send(message)
            self._pace.bytes_moved += len(message.get("body", b""))

        try:
            await super().__call__(scope, receive, send_in_time)
        except* TimeoutError:
            log.info("client_cut_off", path=scope["path"])
            scope.get(ABORT, int)()  # closing would wait until the client has read the rest
        finally:
            await self._held.aclose()

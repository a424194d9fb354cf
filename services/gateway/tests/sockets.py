"""A client of the WebSocket, as a page or program would write it."""

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from gateway.live.websocket import SUBPROTOCOL

from .fleet import Fleet


class Messages:
    def __init__(self, connection: ClientConnection) -> None:
        self._connection = connection

    async def say(self, **message: Any) -> None:
        await self._connection.send(json.dumps(message))

    async def next(self, within: float = 8.0) -> Any:
        """Return the next message, but for heartbeats: an object, or the bytes of a picture."""
        async with asyncio.timeout(within):
            while True:
                received = await self._connection.recv()
                if isinstance(received, bytes):
                    return received
                message = json.loads(received)
                if message["event"] != "heartbeat":
                    return message

    async def fact(self) -> Any:
        """Return the next event; a position comes before it if the gateway has yet to hear it."""
        while (message := await self.next())["event"] == "position":
            pass
        return message

    async def rest(self, within: float = 8.0) -> tuple[list[Any], int, str]:
        """Return all that comes before the server closes, the close code and the reason."""
        found: list[Any] = []
        try:
            while True:
                found.append(await self.next(within))
        except ConnectionClosed as closed:
            end = closed.rcvd
        return (found, end.code, end.reason) if end else (found, 1006, "")


@asynccontextmanager
async def talking(
    fleet: Fleet, token: str | None = None, url: str | None = None
) -> AsyncGenerator[Messages, None]:
    """Connect, as a browser does: with a token among the subprotocols."""
    token = token or fleet.headers()["Authorization"].removeprefix("Bearer ")
    address = f"{(url or fleet.url).replace('http', 'ws', 1)}/v1/ws"
    protocols: Any = [SUBPROTOCOL, f"bearer.{token}"]
    async with connect(address, subprotocols=protocols, proxy=None) as connection:
        assert connection.subprotocol == SUBPROTOCOL
        yield Messages(connection)


@asynccontextmanager
async def subscribed(fleet: Fleet, **wish: Any) -> AsyncGenerator[Messages, None]:
    async with talking(fleet) as messages:
        await messages.say(type="subscribe", **wish)
        yield messages

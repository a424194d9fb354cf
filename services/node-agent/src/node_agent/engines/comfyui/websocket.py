"""Listens to ComfyUI's WebSocket: one per node, a fresh clientId for each connection.

A repeated clientId could go deaf: when the server notices that the old socket died, it
forgets the new one (server.py:301 at 0.8.0).
"""

import asyncio
import json
from uuid import uuid4

import structlog
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

from node_agent.engines.comfyui.events import read_binary, read_text
from node_agent.engines.comfyui.session import Session

log = structlog.get_logger()

FIRST_PAUSE, LONGEST_PAUSE = 0.2, 5.0
PING_SECONDS, SILENCE_SECONDS = 10.0, 20.0
MAX_BYTES = 16 * 1024**2
FEATURES = json.dumps({"type": "feature_flags", "data": {"supports_preview_metadata": True}})
"""Counts only as the first message of a connection."""


async def listen(session: Session) -> None:
    """Pass events to the session until canceled."""
    entry, pause = session.entry, FIRST_PAUSE
    while True:
        client_id = uuid4().hex
        try:
            async with connect(
                f"{address(entry.base_url)}/ws?clientId={client_id}",
                additional_headers=entry.headers,
                compression=None,
                max_size=MAX_BYTES,
                open_timeout=5,
                ping_interval=PING_SECONDS,
                ping_timeout=SILENCE_SECONDS,
                close_timeout=1,
                proxy=None,
                ssl=session.http.tls if is_tls(entry.base_url) else None,
            ) as socket:
                await socket.send(FEATURES)
                session.connected(client_id)
                pause = FIRST_PAUSE
                await read(socket, session)
        except (WebSocketException, OSError, ValueError) as error:
            log.debug("websocket_lost", node_id=str(entry.node_id), reason=type(error).__name__)
        session.connected(None)
        await asyncio.sleep(pause)
        pause = min(pause * 2, LONGEST_PAUSE)


async def read(socket: ClientConnection, session: Session) -> None:
    async for message in socket:
        event = read_text(message) if isinstance(message, str) else read_binary(message)
        if event:
            session.hear(event)


def address(base_url: str) -> str:
    rest = base_url.rstrip("/").partition("://")[2]
    return f"{'wss' if is_tls(base_url) else 'ws'}://{rest}"


def is_tls(base_url: str) -> bool:
    return base_url.lower().startswith("https:")

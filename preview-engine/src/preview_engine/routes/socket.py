"""Serves one client's WebSocket by ComfyUI's rules: /ws."""

import asyncio
import json
from typing import Any
from uuid import uuid4

from starlette.websockets import WebSocket, WebSocketDisconnect

from preview_engine.engine.engine import Engine
from preview_engine.engine.events import Client, message
from preview_engine.routes.info import features

TRY_AGAIN_LATER = 1013


async def listen(engine: Engine, socket: WebSocket) -> None:
    """Send `status` with the sid, and tell a returning client which of its graph nodes runs."""
    client_id = socket.query_params.get("clientId") or uuid4().hex
    await socket.accept()
    client = engine.events.join(client_id)
    client.offer(message("status", engine.status() | {"sid": client_id}))
    node_id = engine.node_running_for(client_id)
    if node_id is not None:
        client.offer(message("executing", {"node": node_id}))
    tasks = [
        asyncio.create_task(_send_all(socket, client)),
        asyncio.create_task(_receive_all(socket, client, engine)),
    ]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        engine.events.leave(client_id)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _send_all(socket: WebSocket, client: Client) -> None:
    while (payload := await client.take()) is not None:
        if isinstance(payload, str):
            await socket.send_text(payload)
        else:
            await socket.send_bytes(payload)
    await socket.close(TRY_AGAIN_LATER)


async def _receive_all(socket: WebSocket, client: Client, engine: Engine) -> None:
    """Read messages; only the first text counts, and only if it is `feature_flags`."""
    is_first = True
    while True:
        try:
            received = await socket.receive()
        except (WebSocketDisconnect, RuntimeError):
            return
        if received["type"] == "websocket.disconnect":
            return
        flags = _flags(received.get("text")) if is_first else None
        is_first = is_first and received.get("text") is None
        if flags is not None:
            client.supports_preview_metadata = flags.get("supports_preview_metadata") is True
            client.offer(message("feature_flags", features(engine)))


def _flags(text: str | None) -> dict[str, Any] | None:
    try:
        sent = json.loads(text or "null")
    except (ValueError, RecursionError):
        return None
    match sent:
        case {"type": "feature_flags", "data": {**flags}}:
            return flags
        case _:
            return None

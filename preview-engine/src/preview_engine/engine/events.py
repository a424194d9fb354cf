"""Delivers the worker's events to WebSocket clients.

The worker thread only appends; the event loop then delivers all waiting events at once. Each
client has its own bounded outbox, so a client that stops reading loses its connection and nobody
else waits for it (in ComfyUI everybody does).
"""

import asyncio
import json
import struct
from collections import deque
from collections.abc import Callable
from typing import Any, TypeAlias

Payload: TypeAlias = str | bytes

OUTBOX_LIMIT = 20_000
PREVIEW_IMAGE = 1
PREVIEW_IMAGE_WITH_METADATA = 4
JPEG = 1


class Client:
    """The outbox of one WebSocket, and the features that its client announced."""

    def __init__(self) -> None:
        self.supports_preview_metadata = False
        self._has_overflown = False
        self._outbox = asyncio.Queue[Payload](OUTBOX_LIMIT)

    def offer(self, payload: Payload) -> None:
        try:
            self._outbox.put_nowait(payload)
        except asyncio.QueueFull:
            self._has_overflown = True

    async def take(self) -> Payload | None:
        """Wait for the next payload and return it; return None after an overflow."""
        payload = await self._outbox.get()
        return None if self._has_overflown else payload


class Events:
    """The table of clients; `send…` may be called from any thread."""

    def __init__(self, is_muted: Callable[[], bool]) -> None:
        self._is_muted = is_muted
        self._clients: dict[str, Client] = {}
        self._waiting: deque[tuple[str | None, Payload]] = deque()
        self._is_scheduled = False
        self._loop: asyncio.AbstractEventLoop | None = None

    def bind(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop

    def join(self, client_id: str) -> Client:
        """Register a connection; an older one with this id gets no more events."""
        client = self._clients[client_id] = Client()
        return client

    def leave(self, client_id: str) -> None:
        """Remove the id, even if a newer connection has it: ComfyUI does so too."""
        self._clients.pop(client_id, None)

    def is_heard(self, client_id: str | None) -> bool:
        return bool(self._clients) if client_id is None else client_id in self._clients

    def wants_preview_metadata(self, client_id: str | None) -> bool:
        client = self._clients.get(client_id) if client_id is not None else None
        return client is not None and client.supports_preview_metadata

    def send(self, kind: str, data: dict[str, Any], client_id: str | None) -> None:
        """Send to one client if it is connected, or with None to all."""
        if self.is_heard(client_id):
            self._post(client_id, message(kind, data))

    def send_preview(self, jpeg: bytes, client_id: str | None) -> None:
        self._post(client_id, struct.pack(">II", PREVIEW_IMAGE, JPEG) + jpeg)

    def send_preview_with_metadata(
        self, jpeg: bytes, metadata: dict[str, Any], client_id: str | None
    ) -> None:
        described = json.dumps(metadata | {"image_type": "image/jpeg"}).encode()
        head = struct.pack(">II", PREVIEW_IMAGE_WITH_METADATA, len(described))
        self._post(client_id, head + described + jpeg)

    def _post(self, client_id: str | None, payload: Payload) -> None:
        if self._loop is None or self._is_muted():
            return
        self._waiting.append((client_id, payload))
        if not self._is_scheduled:
            self._is_scheduled = True
            self._loop.call_soon_threadsafe(self._deliver)

    def _deliver(self) -> None:
        # Cleared first: what is appended from now on schedules a delivery of its own.
        self._is_scheduled = False
        while self._waiting:
            client_id, payload = self._waiting.popleft()
            if client_id is None:
                for client in self._clients.values():
                    client.offer(payload)
            elif client_id in self._clients:
                self._clients[client_id].offer(payload)


def message(kind: str, data: dict[str, Any]) -> str:
    return json.dumps({"type": kind, "data": data})

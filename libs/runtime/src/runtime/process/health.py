"""Serves the health and metrics of a process on a port of its own.

`/healthz` answers while the event loop runs, `/readyz` once the service is ready and as long as
its checks pass, `/metrics` in Prometheus' text format. Further lines of `/readyz` are warnings of
a ready service: problems that a restart would not solve. Three answers to GET need no web server,
and importing one would take 5 % of the start of each service (measured).
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TypeAlias

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

Check: TypeAlias = Callable[[], Awaitable[bool]]
Warn: TypeAlias = Callable[[], str | None]
CHECK_SECONDS = 2.0
REQUEST_BYTES = 16 * 1024
REQUEST_SECONDS = 10.0


@dataclass(slots=True)
class Health:
    """Readiness of a process, and its warnings."""

    is_ready: bool = False
    checks: dict[str, Check] = field(default_factory=dict[str, Check])
    """`/readyz` depends on each of them."""
    warnings: list[Warn] = field(default_factory=list[Warn])
    """`/readyz` shows what they return; the service stays ready."""

    async def failing(self) -> list[str]:
        """Return the names of the checks that fail; none when the process is ready."""
        names = [] if self.is_ready else ["starting"]
        for name, check in self.checks.items():
            try:
                passed = await asyncio.wait_for(check(), CHECK_SECONDS)
            except (OSError, TimeoutError):
                passed = False
            if not passed:
                names.append(name)
        return names


@dataclass(frozen=True, slots=True)
class Answer:
    status: HTTPStatus
    body: bytes
    content_type: str = "text/plain; charset=utf-8"

    def encode(self) -> bytes:
        head = (
            f"HTTP/1.1 {self.status.value} {self.status.phrase}",
            f"content-type: {self.content_type}",
            f"content-length: {len(self.body)}",
            "connection: close",
        )
        return "\r\n".join((*head, "", "")).encode() + self.body


async def serve_ops(health: Health, *, host: str, port: int) -> None:
    """Serve until canceled; one request a connection."""

    async def respond(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(REQUEST_SECONDS):
                request = await reader.readuntil(b"\r\n\r\n")
                _, target, _ = request.split(b" ", 2)
                path = target.partition(b"?")[0].decode("latin-1")
                writer.write((await answer(health, path)).encode())
                await writer.drain()
        except (OSError, EOFError, ValueError, asyncio.LimitOverrunError):
            pass  # the client left, was too slow, or does not speak HTTP
        finally:
            writer.close()

    server = await asyncio.start_server(respond, host, port, limit=REQUEST_BYTES)
    async with server:
        await server.serve_forever()


async def answer(health: Health, path: str) -> Answer:
    match path:
        case "/healthz":
            return Answer(HTTPStatus.OK, b"ok\n")
        case "/readyz":
            if failing := await health.failing():
                body = f"waiting for: {', '.join(failing)}\n".encode()
                return Answer(HTTPStatus.SERVICE_UNAVAILABLE, body)
            lines = ("ok", *(warn() for warn in health.warnings))
            return Answer(HTTPStatus.OK, "".join(f"{line}\n" for line in lines if line).encode())
        case "/metrics":
            return Answer(HTTPStatus.OK, generate_latest(), CONTENT_TYPE_LATEST)
        case _:
            return Answer(HTTPStatus.NOT_FOUND, b"not found\n")

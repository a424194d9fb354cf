"""Serves the health and metrics of a process on a port of its own.

`/healthz` answers while the event loop runs, `/readyz` once the service is ready and as long as
its checks pass, `/metrics` in Prometheus' text format. Further lines of `/readyz` are warnings of
a ready service: problems that a restart would not solve.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import uvicorn
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from runtime.process.web_server import Server

Check: TypeAlias = Callable[[], Awaitable[bool]]
Warn: TypeAlias = Callable[[], str | None]
Send: TypeAlias = Callable[[dict[str, Any]], Awaitable[None]]
CHECK_SECONDS = 2.0


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


async def serve_ops(health: Health, *, host: str, port: int) -> None:
    """Serve until canceled."""

    async def app(scope: dict[str, Any], _receive: object, send: Send) -> None:
        if scope["type"] == "http":
            await answer(health, scope["path"], send)

    config = uvicorn.Config(
        app, host=host, port=port, lifespan="off", access_log=False, log_config=None
    )
    await Server(config).serve()


async def answer(health: Health, path: str, send: Send) -> None:
    status, content_type, body = 200, b"text/plain; charset=utf-8", b"ok\n"
    match path:
        case "/healthz":
            pass
        case "/readyz":
            if failing := await health.failing():
                status, body = 503, f"waiting for: {', '.join(failing)}\n".encode()
            else:
                lines = ("ok", *(warn() for warn in health.warnings))
                body = "".join(f"{line}\n" for line in lines if line).encode()
        case "/metrics":
            content_type, body = CONTENT_TYPE_LATEST.encode(), generate_latest()
        case _:
            status, body = 404, b"not found\n"
    headers = [(b"content-type", content_type), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})

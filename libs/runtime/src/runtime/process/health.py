"""Health and metrics of a process, on a port of its own.

`/healthz` answers while the event loop runs, `/readyz` once the service says it is ready and as
long as its checks pass, `/metrics` in Prometheus' text format. A ready service that has a trouble
which a restart would not end says it in the further lines of `/readyz`.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import uvicorn
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from runtime.process.web_server import Server

Check: TypeAlias = Callable[[], Awaitable[bool]]
Trouble: TypeAlias = Callable[[], str | None]
Send: TypeAlias = Callable[[dict[str, Any]], Awaitable[None]]
CHECK_SECONDS = 2.0


@dataclass(slots=True)
class Health:
    """What a process says of itself."""

    is_ready: bool = False
    checks: dict[str, Check] = field(default_factory=dict[str, Check])
    troubles: list[Trouble] = field(default_factory=list[Trouble])

    async def failing(self) -> list[str]:
        """Names of what keeps the process from working; empty when it is ready."""
        names = [] if self.is_ready else ["starting"]
        for name, check in self.checks.items():
            try:
                passed = await asyncio.wait_for(check(), CHECK_SECONDS)
            except (OSError, TimeoutError):
                passed = False
            if not passed:
                names.append(name)
        return names

    @property
    def told(self) -> str:
        """What `/readyz` says of a ready service: `ok`, and a line for each trouble."""
        return "".join(
            f"{line}\n" for line in ("ok", *(trouble() for trouble in self.troubles)) if line
        )


async def serve_ops(health: Health, *, host: str, port: int) -> None:
    """Serve until cancelled."""

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
                body = health.told.encode()
        case "/metrics":
            content_type, body = CONTENT_TYPE_LATEST.encode(), generate_latest()
        case _:
            status, body = 404, b"not found\n"
    headers = [(b"content-type", content_type), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})

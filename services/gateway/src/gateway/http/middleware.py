"""Wraps every request: a request id, a size limit, security headers, a metric, a span."""

import re
import time
from dataclasses import dataclass

import structlog
from opentelemetry.trace import SpanKind
from prometheus_client import Histogram
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from contracts.values import new_id
from gateway.http.pace import Pace
from gateway.http.problems import RefusedError
from gateway.http.streaming import paced
from runtime.process.telemetry import span

log = structlog.get_logger()

UPLOADS = "/v1/media"
FORM_BYTES = 64 * 1024
REQUEST_ID = re.compile(rb"[A-Za-z0-9._-]{1,64}")
SECURITY = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
)
DEFAULTS = (
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"cache-control", b"no-store"),
)
"""Headers of an answer that sets no others."""
SECONDS = Histogram(
    "comfyfleet_http_request_seconds",
    "Time from the head of a request to the head of its answer.",
    ["method", "route", "status"],
)
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


@dataclass(frozen=True, slots=True)
class RequestMiddleware:
    """The outermost layer around the app; it also logs what crashed."""

    app: ASGIApp
    max_body_bytes: int
    max_upload_bytes: int
    min_bytes_per_second: float
    hsts_seconds: int = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request_id = incoming_id(scope) or str(new_id())
        scope.setdefault("state", {})["request_id"] = request_id
        began = time.perf_counter()
        send = paced(scope, send, Pace(self.min_bytes_per_second))
        with (
            span(f"{scope['method'][:10]} request", kind=SpanKind.SERVER) as current,
            structlog.contextvars.bound_contextvars(request_id=request_id),
        ):

            async def outgoing(message: Message) -> None:
                if message["type"] == "http.response.start":
                    add_headers(message, request_id, self.hsts_seconds)
                    route = route_of(scope)
                    method = scope["method"] if scope["method"] in METHODS else "other"
                    current.update_name(f"{method} {route}")
                    took = time.perf_counter() - began
                    SECONDS.labels(method, route, message["status"]).observe(took)
                await send(message)

            try:
                await self.app(
                    scope,
                    limited(receive, self._limit(scope), Pace(self.min_bytes_per_second)),
                    outgoing,
                )
            except Exception:
                # the app has answered 500; only the log has the reason
                log.exception("request_crashed", path=scope["path"][:200])

    def _limit(self, scope: Scope) -> int:
        if scope["method"] == "POST" and scope["path"].endswith(UPLOADS):
            return self.max_upload_bytes + FORM_BYTES
        return self.max_body_bytes


def limited(receive: Receive, most: int, pace: Pace) -> Receive:
    """Pass the body on; raise 413 once it is too long, and 408 once it comes too slowly.

    Both count what arrives, whatever Content-Length says.
    """
    total, is_complete = 0, False

    async def counted() -> Message:
        nonlocal total, is_complete
        if is_complete:  # the app waits for the client to leave
            return await receive()
        try:
            async with pace.waiting():
                message = await receive()
        except TimeoutError as error:
            raise RefusedError(408, "too_slow", "the body arrives too slowly") from error
        size = len(message.get("body", b""))
        total, is_complete = total + size, not message.get("more_body", False)
        pace.bytes_moved = total
        if total > most:
            raise RefusedError(413, "too_large", f"expected a body of at most {most} bytes")
        return message

    return counted


def incoming_id(scope: Scope) -> str | None:
    for name, value in scope["headers"]:
        if name == b"x-request-id" and REQUEST_ID.fullmatch(value):
            return value.decode()
    return None


def route_of(scope: Scope) -> str:
    """Return the route's template: the path would make one time series for each id."""
    return getattr(scope.get("route"), "path", "unknown")


def add_headers(message: Message, request_id: str, hsts_seconds: int) -> None:
    headers: list[tuple[bytes, bytes]] = list(message.get("headers", ()))
    headers.append((b"x-request-id", request_id.encode()))
    headers.extend(SECURITY)
    if hsts_seconds:
        headers.append((b"strict-transport-security", b"max-age=%d" % hsts_seconds))
    present = {name for name, _ in headers}
    headers.extend(header for header in DEFAULTS if header[0] not in present)
    message["headers"] = headers

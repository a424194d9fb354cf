"""Lets browser apps of other origins call the API (the Fetch standard's CORS), and answers HEAD.

Tokens travel in a header that no browser adds by itself, so any origin may call unless the setting
`cors_origins` names some. The cookie is for the origins of `public_origins` only.
"""

import asyncio
from dataclasses import dataclass

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.http.headers import IDEMPOTENCY_REPLAYED

PREFLIGHT_SECONDS = b"600"
METHODS = b"GET, HEAD, POST, PUT, PATCH, DELETE"
ASKED = (
    b"Authorization, Content-Type, Idempotency-Key, Idempotency-Repeat, If-None-Match, If-Range, "
    b"Last-Event-ID, Prefer, Range, X-Request-ID"
)
SHOWN = ", ".join(
    (
        "Location",
        IDEMPOTENCY_REPLAYED,
        "Preference-Applied",
        "ETag",
        "Content-Disposition",
        "Content-Length",
        "Content-Range",
        "Accept-Ranges",
        "Retry-After",
        "RateLimit-Limit",
        "RateLimit-Remaining",
        "RateLimit-Reset",
        "WWW-Authenticate",
        "X-Request-ID",
    )
).encode()


@dataclass(frozen=True, slots=True)
class CrossOrigin:
    """Adds the headers of CORS to answers for other origins, and answers preflights."""

    app: ASGIApp
    trusted: frozenset[str]
    """Origins whose pages may send the cookie."""
    calling: frozenset[str] = frozenset({"*"})
    """Origins whose pages may call with a token; `*` is any."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = dict(scope.get("headers", ()))
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        allowed = self._allowed(headers.get(b"origin"))
        if scope["method"] == "OPTIONS" and b"access-control-request-method" in headers:
            await send(
                {"type": "http.response.start", "status": 204, "headers": preflight(allowed)}
            )
            await send({"type": "http.response.body"})
            return

        async def outgoing(message: Message) -> None:
            if message["type"] == "http.response.start":
                shown = (b"access-control-expose-headers", SHOWN)
                message["headers"] = [*message.get("headers", ()), *allowed, shown]
            await send(message)

        await self.app(scope, receive, outgoing)

    def _allowed(self, origin: bytes | None) -> list[tuple[bytes, bytes]]:
        """Return headers also without an `Origin`: a picture on a page may fill the cache first."""
        varies, name = (b"vary", b"Origin"), (origin or b"").decode("latin-1")
        if origin is not None and name in self.trusted:
            return [
                (b"access-control-allow-origin", origin),
                (b"access-control-allow-credentials", b"true"),
                varies,
            ]
        if "*" in self.calling:
            return [(b"access-control-allow-origin", b"*"), varies]
        if origin is not None and name in self.calling:
            return [(b"access-control-allow-origin", origin), varies]
        return [varies]


def preflight(allowed: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    return [
        *allowed,
        (b"access-control-allow-methods", METHODS),
        (b"access-control-allow-headers", ASKED),
        (b"access-control-max-age", PREFLIGHT_SECONDS),
    ]


@dataclass(frozen=True, slots=True)
class AnswersHead:
    """Answers HEAD as GET without the body (RFC 9110, 9.3.2)."""

    app: ASGIApp

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "HEAD" or is_content(scope["path"]):
            await self.app(scope, receive, send)
            return
        over, has_read = asyncio.Event(), False

        async def incoming() -> Message:
            """Pass the request on, then have the app stop: a stream would go on for hours."""
            nonlocal has_read
            if not has_read:
                has_read = True
                return await receive()
            await over.wait()
            return {"type": "http.disconnect"}

        async def outgoing(message: Message) -> None:
            if over.is_set():
                await asyncio.sleep(0)
            elif message["type"] == "http.response.body":
                over.set()
                await send({"type": "http.response.body"})
            else:
                await send(message)

        await self.app({**scope, "method": "GET"}, incoming, outgoing)


def is_content(path: str) -> bool:
    """Return whether the path is of a media's content, which answers HEAD by itself."""
    return path.endswith("/content")

"""Refuses bodies that are too large and pages of other sites, before any route."""

from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


class BodyTooLargeError(Exception):
    """Raised into the route that reads the body."""


class Guard:
    """Answers 413 to bodies beyond `limit` bytes, announced or not, and 403 to pages of others.

    Only an engine that is addressed by a loopback name refuses pages of other sites.
    """

    def __init__(self, app: ASGIApp, limit: int) -> None:
        self._app = app
        self._limit = limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        if _is_foreign(headers):
            await Response(status_code=403)(scope, receive, send)
            return
        taken = 0

        async def receive_limited() -> Message:
            nonlocal taken
            message = await receive()
            taken += len(message.get("body", b""))
            self._check(taken)
            return message

        announced = headers.get("content-length", "0")
        try:
            self._check(int(announced) if announced.isdigit() else 0)
            await self._app(scope, receive_limited, send)
        except BodyTooLargeError:
            text = f"Maximum request body size {self._limit} exceeded."
            await PlainTextResponse(text, 413)(scope, receive, send)

    def _check(self, size_bytes: int) -> None:
        if size_bytes > self._limit:
            raise BodyTooLargeError


def _is_foreign(headers: Headers) -> bool:
    origin, host = headers.get("origin"), headers.get("host")
    if not origin or not host:
        return False
    try:
        ours, theirs = urlsplit(f"//{host}"), urlsplit(origin)
        is_same = (ours.hostname, ours.port) == (theirs.hostname, theirs.port or ours.port)
    except ValueError:
        return True
    return ours.hostname in LOOPBACK and not is_same

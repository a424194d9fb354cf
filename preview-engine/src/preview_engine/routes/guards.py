"""Refuses bodies that are too large and pages of other sites, before any route."""

from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from preview_engine.routes.answers import text_answer

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


class BodyTooLargeError(Exception):
    """Raised into the route that reads the body."""


class LimitBody:
    """Answers 413 to bodies beyond `limit` bytes, announced or not."""

    def __init__(self, app: ASGIApp, limit: int) -> None:
        self._app = app
        self._limit = limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        announced = Headers(scope=scope).get("content-length", "0")
        if announced.isdigit() and int(announced) > self._limit:
            await self._refuse(scope, receive, send)
            return
        taken = 0

        async def receive_limited() -> Message:
            nonlocal taken
            message = await receive()
            taken += len(message.get("body", b""))
            if taken > self._limit:
                raise BodyTooLargeError
            return message

        try:
            await self._app(scope, receive_limited, send)
        except BodyTooLargeError:
            await self._refuse(scope, receive, send)

    async def _refuse(self, scope: Scope, receive: Receive, send: Send) -> None:
        text = f"Maximum request body size {self._limit} exceeded."
        await text_answer(text, 413)(scope, receive, send)


class RefuseForeignOrigins:
    """Answers 403 to pages of other sites, if the engine is addressed by a loopback name."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and _is_foreign(Headers(scope=scope)):
            await Response(status_code=403)(scope, receive, send)
            return
        await self._app(scope, receive, send)


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

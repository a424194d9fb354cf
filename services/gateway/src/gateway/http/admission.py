"""Refuses requests before any work is begun: an address that asks too often, and overload."""

import time
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address

from starlette.requests import HTTPConnection
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.http.overload import RETRY_SECONDS, Overload
from gateway.http.problems import PROBLEM_JSON, RefusedError, problem, seconds_to_wait
from gateway.http.rates import Rates

ALWAYS = ("/healthz", "/readyz")
"""A busy gateway is not a dead one, and must not be taken out because of its callers."""


@dataclass(frozen=True, slots=True)
class Admission:
    """Lets requests through to the app, or refuses them."""

    app: ASGIApp
    addresses: Rates
    overload: Overload

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket") or is_always_answered(scope):
            await self.app(scope, receive, send)
            return
        try:
            self._admit(scope)
        except RefusedError as refused:
            await refusal(refused, scope)(scope, receive, send)
            return
        await self._count(scope, receive, send)

    def _admit(self, scope: Scope) -> None:
        limit(self.addresses, address_of(scope))
        if self.overload.refuses():
            headers = {"Retry-After": str(RETRY_SECONDS)}
            raise RefusedError(503, "overloaded", "too many requests at once", headers=headers)

    async def _count(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Count the request until its answer begins: streams have places of their own."""
        self.overload.requests += 1
        has_begun = False

        async def outgoing(message: Message) -> None:
            nonlocal has_begun
            if not has_begun:
                has_begun = True
                self.overload.requests -= 1
            await send(message)

        try:
            await self.app(scope, receive, outgoing)
        finally:
            if not has_begun:
                self.overload.requests -= 1


def limit(rates: Rates, key: str) -> None:
    """Count a request. Raises RefusedError (429) if the key has made too many."""
    seconds = rates.wait_seconds(key, time.monotonic())
    if seconds:
        wait = seconds_to_wait(seconds)
        text = f"try again in {wait} s"
        headers = limited_headers(rates.burst, wait)
        raise RefusedError(429, "rate_limited", text, headers=headers)


def limited_headers(most: int, wait: str) -> dict[str, str]:
    return {
        "Retry-After": wait,
        "RateLimit-Limit": str(most),
        "RateLimit-Remaining": "0",
        "RateLimit-Reset": wait,
    }


def is_always_answered(scope: Scope) -> bool:
    return scope["path"].removeprefix(scope.get("root_path", "")) in ALWAYS


def refusal(refused: RefusedError, scope: Scope) -> Response:
    """Return the answer of a refusal, also of a WebSocket's handshake."""
    request_id = scope.get("state", {}).get("request_id", "")
    body = problem(refused, instance=scope["path"], request_id=request_id)
    return Response(body.model_dump_json(), refused.status, refused.headers, PROBLEM_JSON)


def address_of(scope: Scope) -> str:
    """Return the address of the client as limits count it: of IPv6 the network of one customer.

    Behind a trusted proxy it is the address that the proxy names.
    """
    client = HTTPConnection(scope).client
    try:
        address = ip_address(client.host if client else "")
    except ValueError:
        return ""
    if not isinstance(address, IPv6Address):
        return str(address)
    mapped = address.ipv4_mapped
    return str(mapped) if mapped else f"{IPv6Address(int(address) >> 64 << 64)}/64"

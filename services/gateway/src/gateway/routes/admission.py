"""Who may come in: the access token, the permission, and the rate."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from fastapi import Request

from contracts.access import Actor, Permission
from gateway.domain.problems import RefusedError, seconds_to_wait, unauthorized
from gateway.domain.rates import Rates
from gateway.handlers.sessions import Visit, authenticate, require
from gateway.ports import Principals, Tokens


@dataclass(frozen=True, slots=True)
class Admission:
    """Admits callers; the same for every route."""

    tokens: Tokens
    principals: Principals
    callers: Rates
    logins: Rates
    clock: Callable[[], float]

    def admit(self, request: Request, *permissions: Permission) -> Actor:
        """The caller, who has one of these. Raises 401, 403 naming the permission, or 429."""
        return self.visit(request, *permissions).actor

    def visit(self, request: Request, *permissions: Permission) -> Visit:
        """The same for an answer without end, which must ask again whether it may go on."""
        visit = self.identify(request)
        require(visit.actor, *permissions)
        return visit

    def identify(self, request: Request) -> Visit:
        """The caller, whatever he may do. Raises 401 or 429."""
        visit = authenticate(self.tokens, self.principals, bearer(request), self.clock)
        limit(self.callers, visit.actor.user_id)
        return visit

    def admit_login(self, request: Request) -> None:
        """Raises 429 if this address has tried too often."""
        limit(self.logins, request.client.host if request.client else "")


def bearer(request: Request) -> str:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise unauthorized("send `Authorization: Bearer <access token>`", error="invalid_request")
    return token.strip()


def limit(rates: Rates, key: object) -> None:
    seconds = rates.wait_seconds(key, time.monotonic())
    if seconds:
        wait = seconds_to_wait(seconds)
        headers = {
            "Retry-After": wait,
            "RateLimit-Limit": str(rates.burst),
            "RateLimit-Remaining": "0",
            "RateLimit-Reset": wait,
        }
        raise RefusedError(429, "rate_limited", f"try again in {wait} s", headers=headers)

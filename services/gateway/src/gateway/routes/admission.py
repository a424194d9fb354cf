"""Who may come in: the access token, the permission, and the rate."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from fastapi import Request

from contracts.access import Actor, Permission
from gateway.domain.problems import RefusedError, seconds_to_wait, unauthorized
from gateway.domain.rates import Rates
from gateway.handlers.sessions import authenticate, require
from gateway.ports import Principals, Tokens


@dataclass(frozen=True, slots=True)
class Admission:
    """Admits callers; the same for every route."""

    tokens: Tokens
    principals: Principals
    callers: Rates
    logins: Rates
    clock: Callable[[], float]

    def admit(self, request: Request, permission: Permission | None = None) -> Actor:
        """The caller. Raises 401, 403 naming the permission, or 429."""
        actor = authenticate(self.tokens, self.principals, bearer(request), self.clock())
        limit(self.callers, actor.user_id)
        if permission:
            require(actor, permission)
        return actor

    def is_welcome(self, actor: Actor) -> bool:
        """Whether a stream that was admitted may still go on."""
        principal = self.principals.get(actor.user_id)
        return principal is not None and not principal.is_blocked

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

"""Admits callers: checks the access token or API key, the permission and the rate of requests.

An endpoint names its permission in its signature, before its body, so nothing of a stranger's
body is read: `actor: Annotated[Actor, Allowed(Permission.JOBS_RUN)]`.
"""

import hmac
import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from uuid import UUID

from fastapi import Request
from fastapi.openapi.models import HTTPBearer
from fastapi.params import Depends
from fastapi.security.base import SecurityBase
from starlette.requests import HTTPConnection

from contracts.access import Actor, Permission, granted
from contracts.auth.principals import Principal
from contracts.spent import RateKind
from gateway.http import api_keys
from gateway.http.admission import address_of, limit
from gateway.http.api_keys import KeyUses
from gateway.http.problems import RefusedError, unauthorized
from gateway.http.rates import Rates
from gateway.http.tokens import Claims, JwtTokens

BEARER = "bearer"
"""Name of the security scheme in the OpenAPI document."""


@dataclass(frozen=True, slots=True)
class AdmittedCaller:
    """An admitted caller, and whether the access still holds."""

    actor: Actor
    claims: Claims
    access: "AccessControl"
    permissions: tuple[Permission, ...]
    """Of these the caller needs one."""

    def seconds_left(self) -> float:
        """Return the time until the token expires; 0 once the caller may not go on."""
        principal = self.access.principal_of(self.actor.user_id)
        if principal is None or refusal(self.claims, principal):
            return 0.0
        if not is_allowed(self.permissions, permissions_of(self.claims, principal)):
            return 0.0
        return max(0.0, self.claims.expires_at - time.time())


@dataclass(frozen=True, slots=True)
class AccessControl:
    """Decides about every caller; there is one for each gateway."""

    tokens: JwtTokens
    principal_of: Callable[[UUID], Principal | None]
    rates: Mapping[RateKind, Rates]
    key_uses: KeyUses = field(default_factory=KeyUses)

    @property
    def burst(self) -> int:
        """Requests that a caller may make at once."""
        return self.rates["user"].burst

    def admit(self, request: Request, *permissions: Permission) -> AdmittedCaller:
        """Admit who sends the request, as `admit_token` does."""
        caller = self.admit_token(bearer_token(request), *permissions)
        request.state.caller_id = caller.actor.user_id
        return caller

    def admit_token(self, token: str, *permissions: Permission) -> AdmittedCaller:
        """Admit a caller who has one of these permissions, or any caller if none is given.

        The actor has the limits and the reach that the account has now. Raises RefusedError: 401,
        429, or 403 with the name of the permission.
        """
        claims = self.claims_of(token)
        principal = self.principal_of(claims.user_id)
        if principal is None:
            raise unauthorized("the account does not exist")
        if reason := refusal(claims, principal):
            raise unauthorized(reason)
        actor = Actor(
            user_id=claims.user_id,
            permissions=permissions_of(claims, principal),
            limits=principal.limits,
            reach=principal.reach,
        )
        self.limit_caller(claims)
        if not is_allowed(permissions, actor.permissions):
            wanted = " or ".join(permissions)
            raise RefusedError(403, "missing_permission", f"this needs the permission {wanted}")
        return AdmittedCaller(actor, claims, self, permissions)

    def claims_of(self, credential: str) -> Claims:
        """Return the claims of an access token or API key. Raises RefusedError (401)."""
        if not credential.startswith(api_keys.MARK):
            return self.tokens.verify(credential, time.time())
        owner_id = api_keys.owner_of(credential)
        if owner_id is None:
            raise unauthorized("the API key is mistyped")
        principal = self.principal_of(owner_id)
        claims = claims_of_key(api_keys.digest_of(credential), principal) if principal else None
        if claims is None:
            raise unauthorized("the API key does not exist")
        if claims.expires_at <= time.time():
            raise unauthorized("the API key has expired")
        return claims

    def limit_caller(self, claims: Claims) -> None:
        """Raise RefusedError (429) if the key or its user makes too many requests."""
        if claims.key_id:
            limit(self.rates["key"], str(claims.key_id))
            self.key_uses.note(claims.key_id, time.monotonic())
        limit(self.rates["user"], str(claims.user_id))

    def admit_login(self, request: Request) -> None:
        """Raise RefusedError (429) if this address makes too many login attempts."""
        limit(self.rates["login"], address_of(request.scope))


class AdmitsActor(SecurityBase):
    """A dependency that admits a caller with one of the permissions, and returns the actor."""

    model = HTTPBearer(
        description="An access token or an API key: `Authorization: Bearer <token>`."
    )
    scheme_name = BEARER

    def __init__(self, *permissions: Permission) -> None:
        self.permissions = permissions

    async def __call__(self, request: Request) -> Actor:
        return access_of(request).admit(request, *self.permissions).actor


class AdmitsCaller(AdmitsActor):
    """A dependency of a stream, which must check again and again whether it may go on."""

    async def __call__(self, request: Request) -> AdmittedCaller:  # pyright: ignore[reportIncompatibleMethodOverride]  # FastAPI calls it
        return access_of(request).admit(request, *self.permissions)


class AdmitsSession(AdmitsActor):
    """A dependency that admits a caller who has logged in: an API key makes no others."""

    async def __call__(self, request: Request) -> Actor:
        caller = access_of(request).admit(request, *self.permissions)
        if caller.claims.key_id:
            raise RefusedError(403, "session_needed", "log in: an API key may not do this")
        return caller.actor


class Allowed(Depends):
    """Marks the `Actor` of an endpoint: a caller with one of these permissions."""

    def __init__(self, *permissions: Permission) -> None:
        super().__init__(AdmitsActor(*permissions))


class AllowedInSession(Depends):
    """Marks the `Actor` of an endpoint that no API key may use."""

    def __init__(self, *permissions: Permission) -> None:
        super().__init__(AdmitsSession(*permissions))


def access_of(request: Request) -> AccessControl:
    return request.app.state.access


def bearer_token(request: HTTPConnection) -> str:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise unauthorized("send `Authorization: Bearer <access token>`", error="invalid_request")
    return token.strip()


def refusal(claims: Claims, principal: Principal) -> str | None:
    """Return why a valid token is refused nevertheless; None if it is accepted."""
    if principal.is_blocked:
        return "the account is blocked"
    if claims.key_id:
        is_there = any(key.id == claims.key_id for key in principal.api_keys)
        return None if is_there else "the API key was deleted"
    is_ended = claims.session_id in principal.ended_sessions
    is_old = claims.issued_at < principal.sessions_valid_from
    return "the session was ended" if is_ended or is_old else None


def claims_of_key(digest: str, principal: Principal) -> Claims | None:
    """Return the claims of the user's key with this digest; None if there is none."""
    for key in principal.api_keys:
        if hmac.compare_digest(key.digest, digest):
            return Claims(
                user_id=principal.user_id,
                session_id=None,
                permissions=granted(key.scopes),
                issued_at=0,
                expires_at=key.expires_at.timestamp() if key.expires_at else math.inf,
                key_id=key.id,
            )
    return None


def permissions_of(claims: Claims, principal: Principal) -> frozenset[Permission]:
    """Return the token's permissions that the role of its user still has."""
    if principal.permissions is None:
        return claims.permissions
    return claims.permissions & granted(principal.permissions)


def is_allowed(wanted: tuple[Permission, ...], held: frozenset[Permission]) -> bool:
    return not wanted or not held.isdisjoint(wanted)

"""Who asks: a token becomes a caller or a refusal, and a caller who stays is looked at again."""

from collections.abc import Callable
from dataclasses import dataclass

from contracts.access import Actor, Limits, Permission
from contracts.auth import Principal
from gateway.domain.problems import RefusedError, unauthorized
from gateway.ports import Claims, Principals, Tokens


@dataclass(frozen=True, slots=True)
class Visit:
    """A caller who was let in, and whether that still holds."""

    actor: Actor
    claims: Claims
    principals: Principals
    clock: Callable[[], float]

    def seconds_left(self) -> float:
        """Until the token expires; 0 from the moment that the caller is blocked or signed out."""
        if why_out(self.claims, self.principals.get(self.claims.user_id)):
            return 0.0
        return max(0.0, self.claims.expires_at - self.clock())


def authenticate(
    tokens: Tokens, principals: Principals, token: str, clock: Callable[[], float]
) -> Visit:
    """The caller behind an access token, as the principal is now: limits, blocked, signed out."""
    claims = tokens.verify(token, clock())
    principal = principals.get(claims.user_id)
    if reason := why_out(claims, principal):
        raise unauthorized(reason)
    limits = principal.limits if principal else Limits()
    actor = Actor(user_id=claims.user_id, permissions=claims.permissions, limits=limits)
    return Visit(actor, claims, principals, clock)


def why_out(claims: Claims, principal: Principal | None) -> str | None:
    """Why a token that is good by itself opens nothing; None if it does."""
    if principal is None:
        return "the account does not exist"
    if principal.is_blocked:
        return "the account is blocked"
    return "the session was ended" if claims.issued_at < principal.sessions_valid_from else None


def require(actor: Actor, *permissions: Permission) -> None:
    """Raise 403 unless the caller has one of these."""
    if not any(map(actor.may, permissions)):
        wanted = " or ".join(permissions)
        raise RefusedError(403, "missing_permission", f"this needs the permission {wanted}")

"""Who asks: a token becomes an actor, or a refusal."""

from contracts.access import Actor, Permission
from gateway.domain.problems import RefusedError, unauthorized
from gateway.ports import Principals, Tokens


def authenticate(tokens: Tokens, principals: Principals, token: str, now: float) -> Actor:
    """The actor behind an access token, as the principal is now: limits, blocked, signed out."""
    claims = tokens.verify(token, now)
    principal = principals.get(claims.user_id)
    if principal is None:
        raise unauthorized("the account does not exist")
    if principal.is_blocked:
        raise unauthorized("the account is blocked")
    if claims.issued_at < principal.sessions_valid_from:
        raise unauthorized("the session was ended")
    return Actor(user_id=claims.user_id, permissions=claims.permissions, limits=principal.limits)


def require(actor: Actor, permission: Permission) -> None:
    if not actor.may(permission):
        raise RefusedError(
            403, "missing_permission", f"this needs the permission {permission.value}"
        )

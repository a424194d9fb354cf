"""Decides how a presented refresh token changes its session.

A session runs from a login until logout, expiry, or a refresh token that is used twice. It
remembers only its newest token and the one before. Any other token of it is a used one, shown by
a thief or by the victim, and nobody can tell which, so the session ends for both (RFC 9700,
4.14.2): its row is deleted, as at logout. A second request with the same token gets no grace.
"""

import hmac
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import Enum
from uuid import UUID

MAX_PER_USER = 200
"""Older sessions of the same user are dropped: one account cannot fill the table."""


@dataclass(frozen=True, slots=True)
class Session:
    """One login on one device."""

    id: UUID
    user_id: UUID
    began_at: datetime
    expires_at: datetime
    digest: bytes = field(repr=False)
    """SHA-256 of the token that may be used next."""
    used_digest: bytes | None = field(default=None, repr=False)
    """SHA-256 of the token that was used last."""
    used_by: UUID | None = None
    """The request that used it."""


class TokenUse(Enum):
    """The use of a presented refresh token, which decides its answer."""

    FIRST = "first"
    REPEAT = "repeat"
    """The bus delivered the same request again: it gets the same successor."""
    REUSE = "reuse"
    EXPIRED = "expired"


def token_use(session: Session, presented: bytes, request_id: UUID, now: datetime) -> TokenUse:
    """Classify a token that names this session; `presented` is its SHA-256."""
    if session.expires_at <= now:
        return TokenUse.EXPIRED
    if hmac.compare_digest(session.digest, presented):
        return TokenUse.FIRST
    is_last_used = hmac.compare_digest(session.used_digest or b"", presented)
    if is_last_used and session.used_by == request_id:
        return TokenUse.REPEAT
    return TokenUse.REUSE


def rotated(
    session: Session, successor: bytes, request_id: UUID, now: datetime, lifetime: timedelta
) -> Session:
    """Return the session after its token was exchanged for `successor`."""
    return replace(
        session,
        digest=successor,
        used_digest=session.digest,
        used_by=request_id,
        expires_at=now + lifetime,
    )

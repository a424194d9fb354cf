"""Sessions: from a login until logout, expiry, or a refresh token that was used twice.

A session remembers only its newest token and the one before. Whoever shows any other token of
it shows a used one: a thief or the victim, and nobody can tell which, so the session ends for
both (RFC 9700, 4.14.2): its row is deleted, as at logout. There is no grace for a second request
with the same token.
"""

import hmac
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import Enum
from uuid import UUID

MOST_PER_USER = 200
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


class Verdict(Enum):
    """What a presented refresh token deserves."""

    ROTATE = "rotate"
    REPEAT = "repeat"
    """The bus delivered the same request again: it gets the same successor."""
    REUSED = "reused"
    REFUSE = "refuse"


def judge(session: Session, presented: bytes, request_id: UUID, now: datetime) -> Verdict:
    """Decide over a token that claims to belong to the session."""
    if session.expires_at <= now:
        return Verdict.REFUSE
    if hmac.compare_digest(session.digest, presented):
        return Verdict.ROTATE
    is_last_used = hmac.compare_digest(session.used_digest or b"", presented)
    if is_last_used and session.used_by == request_id:
        return Verdict.REPEAT
    return Verdict.REUSED


def rotated(
    session: Session, successor: bytes, request_id: UUID, now: datetime, lifetime: timedelta
) -> Session:
    return replace(
        session,
        digest=successor,
        used_digest=session.digest,
        used_by=request_id,
        expires_at=now + lifetime,
    )

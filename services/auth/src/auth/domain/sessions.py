"""Decides how a presented refresh token changes its session.

A session runs from a login until logout, expiry, or a refresh token that is used twice. It
remembers its newest token and the one before. Two tabs of a browser refresh at one moment with one
token: for some seconds the second gets the successor that the first got. Any older token is a used
one, shown by a thief or by the victim, and nobody can tell which, so the session ends for both
(RFC 9700, 4.14.2). The row of an ended session stays until its last access token has expired.
"""

import hmac
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import Enum
from uuid import UUID

from auth.domain.tokens import ACCESS_SECONDS
from contracts.auth.me import SessionView

GRACE = timedelta(seconds=10)
"""A thief within that time shares the victim's successor, and the next exchange tells on both."""
ENDED_KEPT = timedelta(seconds=ACCESS_SECONDS + 60)
"""A minute more than an access token lives, for clocks that differ."""
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
    used_at: datetime | None = None
    ended_at: datetime | None = None
    """Time of a logout or of a reused token; until then the session is open."""


def view_of(session: Session, current_id: UUID | None) -> SessionView:
    """Return what its user sees of a session."""
    return SessionView(
        id=session.id,
        began_at=session.began_at,
        refreshed_at=session.used_at,
        expires_at=session.expires_at,
        is_current=session.id == current_id,
    )


class TokenUse(Enum):
    """The use of a presented refresh token, which decides its answer."""

    FIRST = "first"
    REPEAT = "repeat"
    """The bus delivered the request again, or two came at once: both get one successor."""
    REUSE = "reuse"
    EXPIRED = "expired"
    MADE_UP = "made_up"
    """The token names the session, but was never issued: it changes nothing."""


def token_use(
    session: Session, presented: bytes, request_id: UUID, now: datetime, *, is_genuine: bool
) -> TokenUse:
    """Classify a token that names this session; `presented` is its SHA-256."""
    if session.expires_at <= now:
        return TokenUse.EXPIRED
    if hmac.compare_digest(session.digest, presented):
        return TokenUse.FIRST
    if hmac.compare_digest(session.used_digest or b"", presented):
        is_recent = session.used_at is not None and now - session.used_at < GRACE
        is_repeat = is_recent or session.used_by == request_id
        return TokenUse.REPEAT if is_repeat else TokenUse.REUSE
    return TokenUse.REUSE if is_genuine else TokenUse.MADE_UP


def rotated(
    session: Session, successor: bytes, request_id: UUID, now: datetime, lifetime: timedelta
) -> Session:
    """Return the session after its token was exchanged for `successor`."""
    return replace(
        session,
        digest=successor,
        used_digest=session.digest,
        used_by=request_id,
        used_at=now,
        expires_at=now + lifetime,
    )

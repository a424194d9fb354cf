"""Decides which permissions an API key gets, how many a user has, and what is published of them.

A key is stored as its SHA-256. A slow hash protects secrets that people choose; a key has 256
random bits, which nobody can guess at any speed, and is checked with each request.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from auth.domain.errors import ScopeNotHeldError, TooManyKeysError
from contracts.access import Permission, granted
from contracts.auth.keys import MAX_KEYS_PER_USER, ApiKeyView
from contracts.auth.principals import PublishedApiKey
from contracts.errors import FieldError, InvalidError

EXPIRED_KEPT = timedelta(days=30)
"""Its user may see for so long that a key has expired, and when it was last used."""


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A secret by which a program acts for a user."""

    id: UUID
    user_id: UUID
    name: str
    prefix: str
    digest: str = field(repr=False)
    scopes: list[str]
    created_at: datetime
    expires_at: datetime | None = None
    last_used_at: datetime | None = None

    def published(self) -> PublishedApiKey:
        return PublishedApiKey.model_validate(self, from_attributes=True)

    def view(self) -> ApiKeyView:
        """Return what its user sees; scopes that this version does not know are left out."""
        return ApiKeyView(
            id=self.id,
            user_id=self.user_id,
            name=self.name,
            prefix=self.prefix,
            scopes=sorted(granted(self.scopes)),
            created_at=self.created_at,
            expires_at=self.expires_at,
            last_used_at=self.last_used_at,
        )


def scopes_of(
    wanted: Iterable[Permission] | None,
    owned: Iterable[Permission],
    allowed: Iterable[Permission],
) -> list[str]:
    """Return the scopes of a new key; raise Forbidden for one that its maker may not give.

    `owned` are the permissions of the user of the key, `allowed` those of its maker: nobody
    makes a key that may do more than either.
    """
    most = granted(owned) & granted(allowed)
    scopes = most if wanted is None else granted(wanted)
    if missing := scopes - most:
        raise ScopeNotHeldError(f"nobody can give this key: {', '.join(sorted(missing))}")
    return sorted(scopes)


def refuse_past(expires_at: datetime | None, now: datetime) -> None:
    """Raise Invalid for a key that would be born expired."""
    if expires_at is not None and expires_at <= now:
        problem = FieldError(path="expires_at", code="past", message="expected a later time")
        raise InvalidError("expires_at: expected a later time", errors=[problem])


def refuse_surplus(keys: Iterable[ApiKey]) -> None:
    """Raise Conflict if the user has as many keys as one may have."""
    if len(list(keys)) >= MAX_KEYS_PER_USER:
        raise TooManyKeysError(f"a user has at most {MAX_KEYS_PER_USER} keys: delete one")

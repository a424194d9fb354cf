"""Decides when signing keys are made, used and dropped.

A key is published before it signs, long enough for every gateway to have read it. It stays
published until the last token that it signed has expired.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from auth.domain.tokens import ACCESS_SECONDS
from contracts.auth.principals import SigningKey

ROTATE_AFTER = timedelta(days=30)
SETTLES_AFTER = timedelta(minutes=10)
"""Gateways renew their watch each minute; ten of those attempts may fail."""
KEPT_AFTER = SETTLES_AFTER + timedelta(seconds=ACCESS_SECONDS) + timedelta(minutes=10)
"""Age of its successor at which a key is dropped; the spare time is for replicas that lag."""


@dataclass(frozen=True, slots=True)
class Key:
    """An Ed25519 key: its public part in the clear, its private part sealed."""

    id: str
    jwk: dict[str, Any]
    sealed: bytes = field(repr=False)
    made_at: datetime

    def published(self) -> SigningKey:
        return SigningKey(key_id=self.id, jwk=self.jwk)


def needs_key(keys: Sequence[Key], now: datetime) -> bool:
    """Return whether a new key is due."""
    return all(now - key.made_at >= ROTATE_AFTER for key in keys)


def signing_key(keys: Sequence[Key], now: datetime) -> Key:
    """Return the newest settled key; before any has settled (a first start), the oldest."""
    by_age = sorted(keys, key=lambda key: key.made_at)
    settled = [key for key in by_age if now - key.made_at >= SETTLES_AFTER]
    return settled[-1] if settled else by_age[0]


def expired_keys(keys: Sequence[Key], now: datetime) -> list[Key]:
    """Return the keys that no valid token depends on."""
    newest_old_enough = max(
        (key.made_at for key in keys if now - key.made_at >= KEPT_AFTER), default=None
    )
    if newest_old_enough is None:
        return []
    return [key for key in keys if key.made_at < newest_old_enough]

"""Defines one-time links by which a user chooses a password.

Whoever has the text of a link may use it. It has 256 random bits, so its SHA-256 can be stored as
it is: nobody can guess it at any speed.
"""

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from contracts.auth.links import PasswordLinkView


@dataclass(frozen=True, slots=True)
class PasswordLink:
    """The one link of a user."""

    user_id: UUID
    digest: str = field(repr=False)
    expires_at: datetime
    used_by: UUID | None = None
    """The request that used it."""

    def is_open(self, now: datetime) -> bool:
        return self.used_by is None and now < self.expires_at

    def view(self) -> PasswordLinkView:
        return PasswordLinkView(user_id=self.user_id, expires_at=self.expires_at)

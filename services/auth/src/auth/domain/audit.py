"""Defines the audit log: facts about logins, users, roles and keys, for people to read.

No decision depends on an entry.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from contracts.auth.audit import AuditEntryView, AuditFact, AuditRecorded

__all__ = ["KEPT_DAYS", "MAX_ROWS", "AuditEntry", "AuditFact", "StoredEntry"]

KEPT_DAYS = 90
MAX_ROWS = 200_000
"""A flood of refused logins must not fill the disk: the oldest entries are deleted first."""


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One fact. It holds no names and addresses of people, so that they can be erased.

    Nor an unknown user name: people type passwords into that field.
    """

    fact: AuditFact
    user_id: UUID | None = None
    """The user whom it is about."""
    detail: str = ""
    actor_id: UUID | None = None
    """The user who did it, if it was a user."""


@dataclass(frozen=True, slots=True)
class StoredEntry:
    """An entry with its id and time, and its number, by which entries are in order."""

    number: int
    id: UUID
    at: datetime
    entry: AuditEntry

    def view(self) -> AuditEntryView:
        entry = self.entry
        return AuditEntryView(
            id=self.id,
            at=self.at,
            fact=entry.fact,
            user_id=entry.user_id,
            actor_id=entry.actor_id,
            detail=entry.detail,
        )

    def event(self) -> AuditRecorded:
        entry = self.entry
        return AuditRecorded(
            version=1,
            occurred_at=self.at,
            entry_id=self.id,
            fact=entry.fact,
            user_id=entry.user_id,
            actor_id=entry.actor_id,
            detail=entry.detail,
        )

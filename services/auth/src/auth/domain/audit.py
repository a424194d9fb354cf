"""Defines the audit log: facts about logins and keys, for people to read.

No decision depends on an entry.
"""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

KEPT_DAYS = 90
MAX_ROWS = 200_000
"""A flood of refused logins must not fill the disk: the oldest entries are deleted first."""


class AuditFact(StrEnum):
    LOGGED_IN = "logged_in"
    LOGIN_REFUSED = "login_refused"
    TOKEN_REUSED = "token_reused"  # noqa: S105  the name of a fact, not a secret
    LOGGED_OUT = "logged_out"
    USER_CREATED = "user_created"
    PASSWORD_REPLACED = "password_replaced"  # noqa: S105  the name of a fact, not a secret
    KEY_CREATED = "key_created"


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One fact. It never holds an unknown user name: people type passwords into that field."""

    fact: AuditFact
    user_id: UUID | None = None
    detail: str = ""

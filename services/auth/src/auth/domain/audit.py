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
    USER_RENAMED = "user_renamed"
    ROLE_CHANGED = "role_changed"
    LIMITS_CHANGED = "limits_changed"
    USER_BLOCKED = "user_blocked"
    USER_UNBLOCKED = "user_unblocked"
    USER_ERASED = "user_erased"
    PASSWORD_REPLACED = "password_replaced"  # noqa: S105  the name of a fact, not a secret
    KEY_CREATED = "key_created"
    API_KEY_CREATED = "api_key_created"
    API_KEY_DELETED = "api_key_deleted"


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

"""What is worth remembering of who came and who was refused; for people, never for decisions."""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

KEPT_DAYS = 90
MOST_ROWS = 200_000
"""A flood of refused logins must not fill the disk: the oldest facts go first."""


class Fact(StrEnum):
    LOGGED_IN = "logged_in"
    LOGIN_REFUSED = "login_refused"
    TOKEN_REUSED = "token_reused"  # noqa: S105  the name of a fact, not a secret
    LOGGED_OUT = "logged_out"
    USER_CREATED = "user_created"
    PASSWORD_REPLACED = "password_replaced"  # noqa: S105  the name of a fact, not a secret
    KEY_CREATED = "key_created"


@dataclass(frozen=True, slots=True)
class Entry:
    """One fact. An unknown user name is not kept: people type passwords into that field."""

    fact: Fact
    user_id: UUID | None = None
    detail: str = ""

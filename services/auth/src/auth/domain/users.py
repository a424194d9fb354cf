"""Defines users and the views of them that other services read."""

from dataclasses import dataclass, field
from uuid import UUID

from auth.domain.roles import permissions_of
from contracts.access import Limits
from contracts.auth import Principal, UserView


@dataclass(frozen=True, slots=True)
class User:
    """A person who may log in."""

    id: UUID
    email: str
    name: str
    role: str
    password_hash: str = field(repr=False)
    limits: Limits = field(default_factory=Limits)
    is_blocked: bool = False
    sessions_valid_from: int = 0
    """Unix seconds: the gateway refuses access tokens that were issued before."""

    def principal(self) -> Principal:
        return Principal(
            user_id=self.id,
            role=self.role,
            limits=self.limits,
            is_blocked=self.is_blocked,
            sessions_valid_from=self.sessions_valid_from,
        )

    def view(self) -> UserView:
        return UserView(
            id=self.id,
            email=self.email,
            name=self.name,
            role=self.role,
            permissions=permissions_of(self.role),
            limits=self.limits,
        )


@dataclass(frozen=True, slots=True)
class Administrator:
    """The administrator that the settings name."""

    email: str
    password: str = field(repr=False)


def account_name(username: str) -> str:
    """Return the one spelling under which an e-mail address is stored, found and throttled.

    Postgres cannot hold NUL, so it is removed.
    """
    return username.replace("\x00", "").strip().lower()

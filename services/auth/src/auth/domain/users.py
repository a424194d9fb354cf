"""Defines users, and the views of users that other services read."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from auth.domain.roles import ADMIN, Role
from contracts.access import LimitOverrides, Limits, Permission
from contracts.auth.principals import Principal, PublishedApiKey
from contracts.auth.users import UserKind, UserView


@dataclass(frozen=True, slots=True)
class User:
    """A person who may log in, or a service that acts by API keys alone."""

    id: UUID
    email: str
    name: str
    role: Role
    password_hash: str | None = field(repr=False)
    """None: the user cannot log in with a password."""
    created_at: datetime
    own_limits: LimitOverrides = field(default_factory=LimitOverrides)
    """Limits for this user alone."""
    kind: UserKind = UserKind.PERSON
    is_blocked: bool = False
    sessions_valid_from: int = 0
    """Unix seconds: the gateway refuses access tokens that were issued before."""

    @property
    def permissions(self) -> list[Permission]:
        """The permissions of the role, sorted."""
        return sorted(self.role.permissions)

    @property
    def limits(self) -> Limits:
        return self.own_limits.over(self.role.limits.over(Limits()))

    @property
    def has_password(self) -> bool:
        return self.password_hash is not None

    @property
    def is_administrator(self) -> bool:
        """True: this user can log in and administer the fleet."""
        return self.role.name == ADMIN and self.has_password and not self.is_blocked

    def principal(
        self, ended_sessions: Iterable[UUID] = (), api_keys: Iterable[PublishedApiKey] = ()
    ) -> Principal:
        """Return what gateways check each request by."""
        return Principal(
            user_id=self.id,
            role=self.role.name,
            limits=self.limits,
            reach=self.role.reach,
            is_blocked=self.is_blocked,
            sessions_valid_from=self.sessions_valid_from,
            permissions=[str(permission) for permission in self.permissions],
            ended_sessions=sorted(ended_sessions),
            api_keys=list(api_keys),
        )

    def view(self) -> UserView:
        return UserView(
            id=self.id,
            email=self.email,
            name=self.name,
            role=self.role.name,
            permissions=self.permissions,
            limits=self.limits,
            own_limits=self.own_limits,
            kind=self.kind,
            is_blocked=self.is_blocked,
            has_password=self.has_password,
            created_at=self.created_at,
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

"""Defines users, the built-in roles, and the views of users that other services read.

A role names a set of permissions; only permissions are checked.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from contracts.access import LimitOverrides, Limits, Permission, granted
from contracts.auth.principals import Principal, PublishedApiKey
from contracts.auth.users import UserKind, UserView

ADMIN = "admin"
USER = "user"

ROLES: dict[str, frozenset[Permission]] = {
    ADMIN: frozenset(Permission),
    USER: granted({Permission.JOBS_RUN, Permission.MEDIA_WRITE, Permission.WORKFLOWS_READ}),
}


@dataclass(frozen=True, slots=True)
class User:
    """A person who may log in, or a service that acts by API keys alone."""

    id: UUID
    email: str
    name: str
    role: str
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
        """The permissions of the role, sorted; a role that this version does not know has none."""
        return sorted(ROLES.get(self.role, frozenset()))

    @property
    def limits(self) -> Limits:
        return self.own_limits.over(Limits())

    @property
    def has_password(self) -> bool:
        return self.password_hash is not None

    @property
    def is_administrator(self) -> bool:
        """True: this user can log in and administer the fleet."""
        return self.role == ADMIN and self.has_password and not self.is_blocked

    def principal(
        self, ended_sessions: Iterable[UUID] = (), api_keys: Iterable[PublishedApiKey] = ()
    ) -> Principal:
        """Return what gateways check each request by."""
        return Principal(
            user_id=self.id,
            role=self.role,
            limits=self.limits,
            is_blocked=self.is_blocked,
            sessions_valid_from=self.sessions_valid_from,
            permissions=[str(permission) for permission in self.permissions],
            ended_sessions=sorted(ended_sessions),
            api_keys=list(api_keys),
        )

    def view(self) -> UserView:
        return UserView.model_validate(self, from_attributes=True)


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

"""Users as administrators and they themselves see and change them."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, ClassVar, Self, TypeAlias
from uuid import UUID

from pydantic import AfterValidator, BaseModel, Field, StringConstraints, model_validator

from contracts.access import (
    IdempotencyKey,
    LimitOverrides,
    Limits,
    Permission,
    UserCommand,
    UserQuery,
)
from contracts.message import Accepted, Query
from contracts.values import Page, QueryText, printable

SHORTEST_PASSWORD = 10

EmailText: TypeAlias = Annotated[
    str,
    StringConstraints(max_length=320, pattern=r"^[^@\s]+@[^@\s]+$"),
    AfterValidator(printable),
]
PersonName: TypeAlias = Annotated[
    str, StringConstraints(min_length=1, max_length=100), AfterValidator(printable)
]
RoleName: TypeAlias = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]{0,39}$")]
NewPassword: TypeAlias = Annotated[
    str, StringConstraints(min_length=SHORTEST_PASSWORD, max_length=1_024)
]


class UserKind(StrEnum):
    """A person logs in; a service is a program that acts with keys that administrators make."""

    PERSON = "person"
    SERVICE = "service"


class UserView(BaseModel):
    """The account of a user."""

    id: UUID = Field(description="The user.")
    email: str = Field(description="Name for logging in.")
    name: str = Field(description="Name for people.")
    role: str = Field(description="Role of the user; it grants the permissions.")
    permissions: list[Permission] = Field(description="Permissions of the user's role.")
    limits: Limits = Field(description="Limits of the user's use.")
    own_limits: LimitOverrides = Field(
        default=LimitOverrides(), description="The limits that are set for this user alone."
    )
    kind: UserKind = Field(
        default=UserKind.PERSON,
        description="`person`; `service`: never logs in, and acts by API keys alone.",
    )
    is_blocked: bool = Field(
        default=False, description="A blocked user can neither log in nor use a token."
    )
    has_password: bool = Field(
        default=True, description="Without a password, the user cannot log in with one."
    )
    created_at: datetime | None = Field(default=None, description="When the user was created.")


class UserPage(Page[UserView]):
    """A page of users."""


class FindUser(Query[UserView]):
    """Find one user. Errors: NotFound."""

    subject: ClassVar[str] = "query.auth.find_user.v1"
    sent_by: ClassVar = ("gateway",)
    user_id: UUID


class UserFilters(BaseModel):
    """Filters of a list of users."""

    text: QueryText | None = Field(
        default=None, max_length=320, description="A part of the e-mail or of the name."
    )
    role: QueryText | None = Field(default=None, max_length=40, description="Users of this role.")
    is_blocked: bool | None = Field(
        default=None, description="True: only blocked users; false: only other users."
    )
    kind: UserKind | None = Field(default=None, description="Users of this kind.")
    limit: int = Field(default=50, ge=1, le=100, description="Users on a page.")
    cursor: QueryText | None = Field(
        default=None, max_length=200, description="`next_cursor` of the page before."
    )


class ListUsers(UserFilters, UserQuery[UserPage]):
    """List users, newest first. Errors: Invalid (`bad_cursor`)."""

    subject: ClassVar[str] = "query.auth.list_users.v1"


class NewUser(BaseModel):
    """A person who shall be able to log in, or a service account."""

    email: EmailText = Field(
        description="E-mail address: the name for logging in. Of a service, a unique name in this "
        "form: `nightly@services`."
    )
    kind: UserKind = Field(
        default=UserKind.PERSON, description="A `service` has API keys and no password."
    )
    name: PersonName = Field(description="Name for people.")
    role: RoleName = Field(default="user", description="Role of the user.")
    password: NewPassword | None = Field(
        default=None,
        repr=False,
        description="First password, of at least 10 characters; null: the user has none yet.",
    )
    limits: LimitOverrides = Field(
        default=LimitOverrides(), description="Limits for this user alone."
    )

    @model_validator(mode="after")
    def has_no_needless_password(self) -> Self:
        if self.kind == UserKind.SERVICE and self.password is not None:
            raise ValueError("a service has no password: make an API key for it")
        return self


class UserChanges(BaseModel):
    """Changes to a user. A field that is absent, or null, stays as it is."""

    name: PersonName | None = Field(default=None, description="The new name.")
    role: RoleName | None = Field(default=None, description="The new role.")
    is_blocked: bool | None = Field(
        default=None, description="True blocks the user, false ends that."
    )
    limits: LimitOverrides | None = Field(
        default=None, description="All limits for this user alone; those before are gone."
    )


class CreateUser(UserCommand[UserView]):
    """Create a user. Idempotent by `user_id`.

    Errors: Forbidden (`permission_not_held`: of the role), Invalid (`unknown_role`,
    `weak_password`), Conflict (`email_taken`), Unavailable (`busy`).
    """

    subject: ClassVar[str] = "command.auth.create_user.v1"
    user_id: UUID
    user: NewUser
    idempotency: IdempotencyKey | None = None


class ChangeUser(UserCommand[UserView]):
    """Change a user; gateways follow within seconds. A repetition changes nothing.

    Errors: NotFound, Forbidden (`permission_not_held`: of the role before or after), Invalid
    (`unknown_role`), Conflict (`last_administrator`).
    """

    subject: ClassVar[str] = "command.auth.change_user.v1"
    user_id: UUID
    changes: UserChanges


class EraseUser(UserCommand[Accepted]):
    """Erase the person: e-mail, name, password and sessions go, and tokens fail within seconds.

    The id is never used again, so that sums of usage keep their meaning. A repetition succeeds.
    Errors: NotFound, Forbidden (`permission_not_held`), Conflict (`last_administrator`).
    """

    subject: ClassVar[str] = "command.auth.erase_user.v1"
    user_id: UUID

"""Accounts: tokens, sessions and people."""

from typing import Any, ClassVar
from uuid import UUID

from pydantic import BaseModel, Field

from contracts.access import Limits, Permission
from contracts.message import Accepted, Command, Query
from contracts.values import new_id


class TokenView(BaseModel):
    """A new pair of tokens."""

    user_id: UUID
    access_token: str = Field(description="Signed JWT, verified by the gateway alone.")
    refresh_token: str = Field(description="Token for new tokens; it can be used once.")
    expires_in: int = Field(description="Lifetime of the access token in seconds.")
    refresh_expires_in: int = Field(description="Lifetime of the refresh token in seconds.")


class IssueToken(Command[TokenView]):
    """Exchange a password for tokens.

    Errors: Forbidden (`bad_credentials`, `blocked`), Unavailable (`too_many_attempts`).
    """

    subject: ClassVar[str] = "command.auth.issue_token.v1"
    sent_by: ClassVar = ("gateway",)
    username: str = Field(max_length=320, description="The user's e-mail address.")
    password: str = Field(max_length=1_024, repr=False)


class RefreshToken(Command[TokenView]):
    """Exchange a refresh token for new ones; one used twice ends its whole session.

    Errors: Forbidden (`bad_refresh_token`).
    """

    subject: ClassVar[str] = "command.auth.refresh_token.v1"
    sent_by: ClassVar = ("gateway",)
    refresh_token: str = Field(max_length=512, repr=False)
    request_id: UUID = Field(
        default_factory=new_id,
        description="Tells a repeat by the bus, which is answered again, from a second use.",
    )


class EndSession(Command[Accepted]):
    """Log out: the session of this refresh token ends, with its access tokens."""

    subject: ClassVar[str] = "command.auth.end_session.v1"
    sent_by: ClassVar = ("gateway",)
    refresh_token: str = Field(max_length=512, repr=False)


class UserView(BaseModel):
    """The account of a user."""

    id: UUID = Field(description="The user.")
    email: str = Field(description="Name for logging in.")
    name: str = Field(description="Name for people.")
    role: str = Field(description="Role of the user; it grants the permissions.")
    permissions: list[Permission] = Field(description="Permissions of the user's role.")
    limits: Limits = Field(description="Limits of the user's use.")


class FindUser(Query[UserView]):
    """Find one user. Errors: NotFound."""

    subject: ClassVar[str] = "query.auth.find_user.v1"
    sent_by: ClassVar = ("gateway",)
    user_id: UUID


class SigningKey(BaseModel):
    """A public key that access tokens may be signed with. Value of bucket `keys`, by key id."""

    key_id: str
    jwk: dict[str, Any] = Field(description="RFC 7517, public part only.")


class Principal(BaseModel):
    """The current rights and limits of a user. Value of bucket `principals`, by id."""

    user_id: UUID
    role: str
    limits: Limits = Limits()
    is_blocked: bool = False
    sessions_valid_from: int = Field(
        default=0, description="Unix seconds; tokens issued earlier are refused."
    )
    permissions: list[str] | None = Field(
        default=None,
        description="Permissions of the role now; a token grants no others. "
        "None if auth did not say: its permissions count as they stand.",
    )
    ended_sessions: list[UUID] = Field(
        default_factory=list,
        description="Sessions that ended before their access tokens expired; those are refused.",
    )

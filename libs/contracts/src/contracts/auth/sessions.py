"""Login, refresh and logout."""

from typing import ClassVar
from uuid import UUID

from pydantic import BaseModel, Field

from contracts.message import Accepted, Command
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

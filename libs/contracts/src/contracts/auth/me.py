"""Requests of users about themselves: name, password, sessions."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from pydantic import BaseModel, Field

from contracts.access import UserCommand, UserQuery
from contracts.auth.users import NewPassword, PersonName, UserView
from contracts.message import Accepted
from contracts.values import Page, new_id


class SessionView(BaseModel):
    """A session: the login of a user on one device."""

    id: UUID = Field(description="The session.")
    began_at: datetime = Field(description="When the user logged in.")
    refreshed_at: datetime | None = Field(
        default=None, description="When it last got new tokens; null: not since the login."
    )
    expires_at: datetime = Field(description="When it ends, unless it gets new tokens before.")
    is_current: bool = Field(default=False, description="This request belongs to it.")


class SessionPage(Page[SessionView]):
    """A page of sessions."""


class ListSessions(UserQuery[SessionPage]):
    """List the open sessions of the actor, newest first; there are at most 200."""

    subject: ClassVar[str] = "query.auth.list_sessions.v1"
    session_id: UUID | None = Field(default=None, description="The session of this request.")


class RevokeSession(UserCommand[Accepted]):
    """End a session of the actor, with its access tokens. A repetition succeeds."""

    subject: ClassVar[str] = "command.auth.revoke_session.v1"
    session_id: UUID


class RevokeSessions(UserCommand[Accepted]):
    """Log out everywhere: all sessions of the actor end, with their access tokens."""

    subject: ClassVar[str] = "command.auth.revoke_sessions.v1"


class RenameUser(UserCommand[UserView]):
    """Change the name of the actor. Errors: NotFound."""

    subject: ClassVar[str] = "command.auth.rename_user.v1"
    name: PersonName


class ReplacePassword(UserCommand[Accepted]):
    """Replace the password of the actor; all other sessions end. Idempotent by `request_id`.

    Errors: Forbidden (`wrong_password`), Invalid (`weak_password`), Unavailable
    (`too_many_attempts`, `busy`).
    """

    subject: ClassVar[str] = "command.auth.replace_password.v1"
    session_id: UUID = Field(description="The session that stays.")
    request_id: UUID = Field(
        default_factory=new_id,
        description="Tells a repeat by the bus, whose old password is wrong by then.",
    )
    old_password: str = Field(max_length=1_024, repr=False)
    new_password: NewPassword = Field(repr=False)

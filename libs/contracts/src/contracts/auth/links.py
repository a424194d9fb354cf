"""One-time links by which a user chooses a password: an invitation, or a way back in.

A gateway makes and reads the text of a link. Messages have its SHA-256 only.
"""

from datetime import datetime
from typing import Annotated, ClassVar, TypeAlias
from uuid import UUID

from pydantic import BaseModel, Field, StringConstraints

from contracts.access import IdempotencyKey, UserCommand
from contracts.auth.users import NewPassword, PersonName
from contracts.message import Accepted, Command
from contracts.values import new_id

HOUR = 3_600
LinkDigest: TypeAlias = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class PasswordLinkView(BaseModel):
    """A one-time link, without its secret text."""

    user_id: UUID = Field(description="The user who may choose a password with it.")
    expires_at: datetime = Field(description="When the link expires.")


class CreateLink(UserCommand[PasswordLinkView]):
    """Create a link for a user; an earlier one of the same user works no longer.

    Idempotent by `digest`. Errors: NotFound, Forbidden (`permission_not_held`), Conflict
    (`idempotency_key_used`, `not_a_person`).
    """

    subject: ClassVar[str] = "command.auth.create_link.v1"
    user_id: UUID
    digest: LinkDigest = Field(repr=False, description="SHA-256 of the link's text.")
    lifetime_seconds: int = Field(ge=60, le=30 * 24 * HOUR)
    idempotency: IdempotencyKey | None = None


class UseLink(Command[Accepted]):
    """Choose a password by a link, which works once; all sessions of the user end.

    Idempotent by `request_id`.
    Errors: Forbidden (`bad_link`), Invalid (`weak_password`), Unavailable (`busy`).
    """

    subject: ClassVar[str] = "command.auth.use_link.v1"
    sent_by: ClassVar = ("gateway",)
    digest: LinkDigest = Field(repr=False)
    request_id: UUID = Field(
        default_factory=new_id,
        description="Tells a repeat by the bus, whose link was used by then.",
    )
    password: NewPassword = Field(repr=False)
    name: PersonName | None = Field(default=None, description="The name that the user wants.")

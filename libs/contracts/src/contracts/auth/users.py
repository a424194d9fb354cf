"""Users as administrators and they themselves see them."""

from typing import ClassVar
from uuid import UUID

from pydantic import BaseModel, Field

from contracts.access import Limits, Permission
from contracts.message import Query


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

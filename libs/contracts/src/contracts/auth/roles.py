"""Roles: named sets of permissions, with limits and what their users may use."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from pydantic import BaseModel, Field

from contracts.access import (
    EVERYTHING,
    IdempotencyKey,
    LimitOverrides,
    Patterns,
    Permission,
    UserCommand,
    UserQuery,
)
from contracts.auth.users import RoleName
from contracts.message import Accepted
from contracts.values import Page

MAX_ROLES = 50
"""Roles of a fleet's own; the list of all is one page."""


class RoleContent(BaseModel):
    """Everything that a role gives its users."""

    permissions: list[Permission] = Field(
        max_length=len(Permission), description="Permissions of its users."
    )
    limits: LimitOverrides = Field(
        default=LimitOverrides(),
        description="Limits of its users; those that are set for a user alone go before them.",
    )
    workflows: Patterns = Field(
        default=EVERYTHING,
        description="Names of workflows that its users may see and run, `*` for any text: "
        "`txt2img`, `shop-*`. Raw graphs need the permission `graphs:run` instead.",
    )
    models: Patterns = Field(
        default=EVERYTHING,
        description="Model files that their jobs may use, with the folder, `*` for any text: "
        "`loras/film-*`.",
    )


class RoleView(RoleContent):
    """A role."""

    name: str = Field(description="Name of the role.")
    is_built_in: bool = Field(description="A built-in role stays as it is.")
    user_count: int = Field(description="Number of its users.")
    created_at: datetime | None = Field(
        default=None, description="When it was created; null: it is built in."
    )


class CreatedRoleView(BaseModel):
    """A role, and whether an earlier request made it."""

    role: RoleView
    is_replay: bool = Field(description="An earlier request with this idempotency key made it.")


class RolePage(Page[RoleView]):
    """A page of roles."""


class NewRole(RoleContent):
    """A role to create."""

    name: RoleName = Field(
        description="Name of the role: small letters, digits, `_` and `-`; at most 40."
    )


class RoleChanges(BaseModel):
    """Changes to a role. A field that is absent, or null, stays as it is."""

    permissions: list[Permission] | None = Field(
        default=None,
        max_length=len(Permission),
        description="All its permissions; those before are gone.",
    )
    limits: LimitOverrides | None = Field(
        default=None, description="All its limits; those before are gone."
    )
    workflows: Patterns | None = Field(
        default=None, description="All its patterns of workflows; `*` alone: every workflow."
    )
    models: Patterns | None = Field(
        default=None, description="All its patterns of model files; `*` alone: every model file."
    )


class ListRoles(UserQuery[RolePage]):
    """List all roles, built-in ones first, then by name."""

    subject: ClassVar[str] = "query.auth.list_roles.v1"


class FindRole(UserQuery[RoleView]):
    """Find one role. Errors: NotFound."""

    subject: ClassVar[str] = "query.auth.find_role.v1"
    name: str


class CreateRole(UserCommand[CreatedRoleView]):
    """Create a role. Idempotent by `request_id`.

    Errors: Forbidden (`permission_not_held`), Conflict (`role_exists`, `too_many_roles`).
    """

    subject: ClassVar[str] = "command.auth.create_role.v1"
    request_id: UUID
    role: NewRole
    idempotency: IdempotencyKey | None = None


class ChangeRole(UserCommand[RoleView]):
    """Change a role for all its users; gateways follow within seconds.

    Errors: NotFound, Forbidden (`permission_not_held`), Conflict (`role_built_in`).
    """

    subject: ClassVar[str] = "command.auth.change_role.v1"
    name: str
    changes: RoleChanges


class DeleteRole(UserCommand[Accepted]):
    """Delete a role without users. A repetition succeeds.

    Errors: Conflict (`role_built_in`, `role_in_use`), Forbidden (`permission_not_held`).
    """

    subject: ClassVar[str] = "command.auth.delete_role.v1"
    name: str

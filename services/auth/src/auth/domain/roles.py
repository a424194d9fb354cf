"""Defines roles: named sets of permissions, with limits and what their users may use.

Only permissions are checked, never the names of roles.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from auth.domain.errors import RoleBuiltInError
from contracts.access import LimitOverrides, Permission, Reach, granted
from contracts.auth.roles import RoleChanges, RoleContent, RoleView

ADMIN = "admin"
USER = "user"


@dataclass(frozen=True, slots=True)
class Role:
    """Everything that its users have in common."""

    name: str
    permissions: frozenset[Permission] = frozenset()
    limits: LimitOverrides = field(default_factory=LimitOverrides)
    reach: Reach = field(default_factory=Reach)
    created_at: datetime | None = None
    """None: the role is built in."""
    request_id: UUID | None = None
    """The request that created it."""

    @property
    def is_built_in(self) -> bool:
        return self.name in BUILT_IN

    def view(self, user_count: int) -> RoleView:
        return RoleView(
            name=self.name,
            permissions=sorted(self.permissions),
            limits=self.limits,
            workflows=self.reach.workflows,
            models=self.reach.models,
            is_built_in=self.is_built_in,
            user_count=user_count,
            created_at=self.created_at,
        )

    def stored(self) -> dict[str, Any]:
        """Return what the database keeps of it besides its name and its making."""
        return {
            "permissions": sorted(self.permissions),
            "limits": self.limits.model_dump(mode="json", exclude_none=True),
            "reach": self.reach.model_dump(mode="json"),
        }


BUILT_IN: dict[str, Role] = {
    ADMIN: Role(ADMIN, frozenset(Permission)),
    USER: Role(
        USER, granted({Permission.JOBS_RUN, Permission.MEDIA_WRITE, Permission.WORKFLOWS_READ})
    ),
}


def role_from(name: str, stored: dict[str, Any] | None, **made: Any) -> Role:
    """Return the role as it was stored.

    Permissions that this version does not know are left out; a role that is neither built in nor
    stored, of a later version, allows nothing.
    """
    if stored is None:
        return BUILT_IN.get(name, Role(name))
    return Role(
        name,
        granted(stored["permissions"]),
        LimitOverrides.model_validate(stored["limits"]),
        Reach.model_validate(stored["reach"]),
        **made,
    )


def role_of(name: str, content: RoleContent, **made: Any) -> Role:
    """Return a role with this content; each permission brings the read permission it implies."""
    reach = Reach(workflows=content.workflows, models=content.models)
    return Role(name, granted(content.permissions), content.limits, reach, **made)


def changed_role(role: Role, changes: RoleChanges) -> Role:
    """Return the role after the changes; null ones change nothing."""
    before = RoleContent(
        permissions=sorted(role.permissions),
        limits=role.limits,
        workflows=role.reach.workflows,
        models=role.reach.models,
    )
    given = {name: value for name, value in changes if value is not None}
    after = before.model_copy(update=given)
    return role_of(role.name, after, created_at=role.created_at, request_id=role.request_id)


def refuse_built_in(name: str) -> None:
    if name in BUILT_IN:
        raise RoleBuiltInError(f"the role {name} is built in: create another one")

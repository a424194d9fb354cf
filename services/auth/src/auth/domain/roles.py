"""Defines the built-in roles. A role names a set of permissions; only permissions are checked."""

from contracts.access import Permission, granted

ADMIN = "admin"
USER = "user"

ROLES: dict[str, frozenset[Permission]] = {
    ADMIN: frozenset(Permission),
    USER: granted({Permission.JOBS_RUN, Permission.MEDIA_WRITE, Permission.WORKFLOWS_READ}),
}


def permissions_of(role: str) -> list[Permission]:
    """Return the role's permissions, sorted; a role that this version does not know has none."""
    return sorted(ROLES.get(role, frozenset()))

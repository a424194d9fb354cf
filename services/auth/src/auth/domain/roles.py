"""The built-in roles. A role is a name for a set of permissions; only those are ever checked."""

from contracts.access import Permission, granted

ADMIN = "admin"
USER = "user"

ROLES: dict[str, frozenset[Permission]] = {
    ADMIN: frozenset(Permission),
    USER: granted({Permission.JOBS_RUN, Permission.MEDIA_WRITE, Permission.WORKFLOWS_READ}),
}


def permissions_of(role: str) -> list[Permission]:
    """What the role allows, sorted; a role this version does not know allows nothing."""
    return sorted(ROLES.get(role, frozenset()))

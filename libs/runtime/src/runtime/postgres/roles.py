"""Who keeps state in Postgres: each such service has a role and a schema of one name."""

from urllib.parse import quote, urlsplit, urlunsplit

from contracts.services import SERVICES, ServiceName

PACKAGES: dict[ServiceName, str] = {
    service.name: service.package for service in SERVICES.values() if service.uses_postgres
}
"""Services that keep state, and the package that holds their migrations and names their role."""


def role_url(admin_url: str, role: str, password: str) -> str:
    """The database of `admin_url` as that role reaches it."""
    parts = urlsplit(admin_url)
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=f"{quote(role)}:{quote(password, safe='')}@{host}"))

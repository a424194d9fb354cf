"""Names the role and schema of each service that keeps state in Postgres."""

from urllib.parse import quote, urlsplit, urlunsplit

from contracts.services import SERVICES, ServiceName

PACKAGES: dict[ServiceName, str] = {
    service.name: service.package for service in SERVICES.values() if service.uses_postgres
}
"""Package of each service that keeps state: it holds the migrations and names the role."""


def role_url(admin_url: str, role: str, password: str) -> str:
    """Return the URL by which that role reaches the database of `admin_url`."""
    parts = urlsplit(admin_url)
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=f"{quote(role)}:{quote(password, safe='')}@{host}"))

"""Makes the secrets of a local fleet at its first start, and keeps them in a private file."""

from pathlib import Path
from secrets import token_hex, token_urlsafe

from pydantic import BaseModel, Field, ValidationError

from comfyfleet import CommandError
from comfyfleet.home import write_private
from contracts.services import SERVICES


def secret() -> str:
    """Return 256 bits as text that is safe in a URL and in a configuration file."""
    return token_urlsafe(32)


def one_per_service() -> dict[str, str]:
    return {service: secret() for service in SERVICES}


class FleetSecrets(BaseModel):
    nats: dict[str, str] = Field(default_factory=one_per_service, description="By service.")
    nats_provisioner: str = Field(default_factory=secret)
    postgres: dict[str, str] = Field(default_factory=one_per_service, description="By service.")
    postgres_admin: str = Field(default_factory=secret)
    s3_access_key: str = Field(default_factory=lambda: f"fleet{token_hex(8)}")
    s3_secret_key: str = Field(default_factory=secret)
    grant_secret: str = Field(default_factory=secret)
    url_secret: str = Field(default_factory=secret)
    idempotency_secret: str = Field(default_factory=secret)
    key_secret: str = Field(default_factory=secret)
    name_secret: str = Field(default_factory=secret)
    seal_secret: str = Field(default_factory=secret)
    admin_email: str = "admin@comfyfleet.local"
    admin_password: str = Field(default_factory=lambda: token_urlsafe(12))


def load(path: Path) -> FleetSecrets | None:
    """Return the secrets, or None before the first start."""
    try:
        return FleetSecrets.model_validate_json(path.read_text())
    except FileNotFoundError:
        return None
    except (OSError, ValidationError, UnicodeDecodeError) as error:
        raise CommandError(
            f"{path} cannot be read as the fleet's secrets. Restore it, or move the whole "
            f"folder {path.parent} away and start anew."
        ) from error


def open_or_make(
    path: Path, *, admin_email: str | None = None, admin_password: str | None = None
) -> tuple[FleetSecrets, bool]:
    """Return the secrets, and True if the admin's password was made now and must be shown once.

    Address and password that the user chose are kept, so that other commands know them too.
    """
    found = load(path)
    secrets = found or FleetSecrets()
    if admin_email:
        secrets.admin_email = admin_email
    if admin_password:
        secrets.admin_password = admin_password
    # Saved at each start, because a new release may bring a service that has no secrets yet.
    missing = {name: secret() for name in SERVICES if name not in secrets.nats}
    secrets.nats |= missing
    secrets.postgres |= {name: secret() for name in missing}
    write_private(path, secrets.model_dump_json(indent=1))
    return secrets, found is None and not admin_password

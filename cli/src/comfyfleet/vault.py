"""Secrets of the local fleet: made at the first start, kept in a file that only we can read."""

import os
import secrets
from pathlib import Path

from pydantic import BaseModel, Field, ValidationError

from comfyfleet.problem import CommandError
from contracts.services import SERVICES


def secret() -> str:
    """256 bits, safe in a URL and in a configuration file."""
    return secrets.token_urlsafe(32)


def one_each() -> dict[str, str]:
    return {service: secret() for service in SERVICES}


class Vault(BaseModel):
    nats: dict[str, str] = Field(default_factory=one_each, description="By service.")
    nats_provisioner: str = Field(default_factory=secret)
    postgres: dict[str, str] = Field(default_factory=one_each, description="By service.")
    postgres_admin: str = Field(default_factory=secret)
    s3_access_key: str = Field(default_factory=lambda: f"fleet{secrets.token_hex(8)}")
    s3_secret_key: str = Field(default_factory=secret)
    grant_secret: str = Field(default_factory=secret)
    url_secret: str = Field(default_factory=secret)
    idempotency_secret: str = Field(default_factory=secret)
    key_secret: str = Field(default_factory=secret)
    name_secret: str = Field(default_factory=secret)
    admin_email: str = "admin@comfyfleet.local"
    admin_password: str = Field(default_factory=lambda: secrets.token_urlsafe(12))


def load(path: Path) -> Vault | None:
    """None before the first start."""
    try:
        return Vault.model_validate_json(path.read_text())
    except FileNotFoundError:
        return None
    except (OSError, ValidationError, UnicodeDecodeError) as error:
        raise CommandError(
            f"{path} cannot be read as the fleet's secrets. Restore it, or move the whole "
            f"folder {path.parent} away and start anew."
        ) from error


def open_or_make(
    path: Path, *, admin_email: str | None = None, admin_password: str | None = None
) -> tuple[Vault, bool]:
    """The secrets, and whether the admin's password was made just now (so: show it once).

    What the user chose is kept too, so that other commands know it without being told again.
    """
    found = load(path)
    vault = found or Vault()
    if admin_email:
        vault.admin_email = admin_email
    if admin_password:
        vault.admin_password = admin_password
    # Written back each time: a service that is new in this release has got its secrets here.
    missing = {name: secret() for name in SERVICES if name not in vault.nats}
    vault.nats |= missing
    vault.postgres |= {name: secret() for name in missing}
    save(path, vault)
    return vault, found is None and not admin_password


def save(path: Path, vault: Vault) -> None:
    """Replace the file in one step; at no moment can others read it."""
    draft = path.with_suffix(".new")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(vault.model_dump_json(indent=1))
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)

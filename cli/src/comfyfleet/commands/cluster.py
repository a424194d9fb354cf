"""`nats-config`, `migrate`: what a fleet in containers needs before its services start.

Both are idempotent, and read the same passwords: one for each service, which is its password
on NATS and on Postgres, and one for `provisioner`.
"""

import asyncio

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from comfyfleet.problem import CommandError

PROVISIONER = "provisioner"


class ClusterSettings(BaseSettings):
    """Where the servers are, and who may enter."""

    model_config = SettingsConfigDict(
        env_prefix="COMFYFLEET_", env_nested_delimiter="__", extra="ignore"
    )

    nats_url: str = Field(default="nats://127.0.0.1:4222", description="Where NATS listens.")
    admin_database_url: SecretStr = Field(
        default=SecretStr(""),
        description="PostgreSQL URL of a role that may create roles and schemas.",
    )
    passwords: dict[str, SecretStr] = Field(
        default_factory=dict[str, SecretStr],
        description="By service: `COMFYFLEET_PASSWORDS__NODE_AGENT` and so on.",
    )

    def plain_passwords(self) -> dict[str, str]:
        """Passwords by the services' own names; an environment variable has no hyphens."""
        return {
            name.replace("_", "-"): value.get_secret_value()
            for name, value in self.passwords.items()
        }


def nats_config() -> None:
    """Print the configuration of a NATS server with the fleet's users and permissions."""
    # Servers' libraries cost a second to load, which no other command should wait for.
    from runtime.provision import nats_config as write  # noqa: PLC0415

    passwords = checked(ClusterSettings())
    extra = 'http: "0.0.0.0:8222"'
    print(write(passwords, host="0.0.0.0", port=4222, store_dir="/data/jetstream", extra=extra))  # noqa: S104 # the container's own network


def migrate() -> None:
    """Bring NATS and Postgres to what this version needs: streams, buckets, roles, schemas."""
    settings = ClusterSettings()
    passwords = checked(settings)
    if not settings.admin_database_url.get_secret_value():
        raise CommandError("COMFYFLEET_ADMIN_DATABASE_URL is not set.")
    try:
        asyncio.run(provision(settings, passwords))
    except (OSError, TimeoutError) as error:
        raise CommandError(f"NATS or Postgres does not answer: {error}") from error


async def provision(settings: ClusterSettings, passwords: dict[str, str]) -> None:
    from runtime.provision import provision_database, provision_nats  # noqa: PLC0415  see above

    await provision_nats(settings.nats_url, passwords[PROVISIONER])
    await provision_database(settings.admin_database_url.get_secret_value(), passwords)


def checked(settings: ClusterSettings) -> dict[str, str]:
    """Return every password there must be; name those that are not set."""
    from contracts.services import SERVICES  # noqa: PLC0415  see above

    passwords = settings.plain_passwords()
    missing = [name for name in (*SERVICES, PROVISIONER) if not passwords.get(name)]
    if missing:
        names = ", ".join(
            f"COMFYFLEET_PASSWORDS__{name.replace('-', '_').upper()}" for name in missing
        )
        raise CommandError(f"not set: {names}.")
    return passwords

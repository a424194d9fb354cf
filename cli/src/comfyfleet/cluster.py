"""Preparing NATS and Postgres of a cluster, as `up` does for the local ones: `python -m …`.

migrate      streams, buckets, roles, schemas and migrations; a no-op when all is there
nats-config  prints nats-server's configuration: users, passwords, permissions
"""

import asyncio
import sys

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from comfyfleet.provisioning import PROVISIONER
from comfyfleet.settings import wrong_setting
from contracts.services import SERVICES
from runtime.provision import nats_config, provision_database, provision_nats


class ClusterSettings(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="COMFYFLEET_", extra="ignore")

    nats_passwords: dict[str, SecretStr] = Field(
        description='JSON: one for each service and one for `provisioner`: `{"auth": "…", …}`.'
    )


class NatsSettings(ClusterSettings):
    nats_host: str = Field(default="0.0.0.0", description="Where nats-server listens.")  # noqa: S104 # a pod's own address
    nats_port: int = 4222
    nats_store_dir: str = Field(default="/data", description="Where it keeps streams.")
    nats_extra: str = Field(default="", description="More lines: monitoring, cluster, TLS.")


class MigrateSettings(ClusterSettings):
    nats_url: str
    admin_database_url: SecretStr = Field(
        description="PostgreSQL URL of a role that may create roles and schemas."
    )
    database_passwords: dict[str, SecretStr] = Field(description="JSON: one for each service.")


def plain(secrets: dict[str, SecretStr], *needed: str) -> dict[str, str]:
    if missing := [name for name in needed if name not in secrets]:
        sys.exit(f"comfyfleet: there is no password for {', '.join(missing)}")
    return {name: secret.get_secret_value() for name, secret in secrets.items()}


def print_nats_config(settings: NatsSettings) -> None:
    print(
        nats_config(
            plain(settings.nats_passwords, *SERVICES, PROVISIONER),
            host=settings.nats_host,
            port=settings.nats_port,
            store_dir=settings.nats_store_dir,
            extra=settings.nats_extra,
        )
    )


async def migrate(settings: MigrateSettings) -> None:
    passwords = plain(settings.nats_passwords, PROVISIONER)
    roles = plain(settings.database_passwords, *SERVICES)
    await provision_nats(settings.nats_url, passwords[PROVISIONER])
    await provision_database(settings.admin_database_url.get_secret_value(), roles)


def main() -> None:
    try:
        if sys.argv[1:] == ["nats-config"]:
            print_nats_config(NatsSettings())  # pyright: ignore[reportCallIssue] # from the environment
        else:
            asyncio.run(migrate(MigrateSettings()))  # pyright: ignore[reportCallIssue] # from the environment
    except ValidationError as error:
        sys.exit(f"comfyfleet: {wrong_setting(error)}")
    except OSError as error:
        sys.exit(f"comfyfleet: NATS or Postgres does not answer: {error}")


if __name__ == "__main__":
    main()

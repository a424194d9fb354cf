"""Prepares NATS and Postgres of a cluster, as `up` does for the local ones: `python -m …`.

migrate      makes streams, buckets, roles, schemas and migrations; repeating it changes nothing
nats-config  prints nats-server's configuration: users, passwords, permissions
"""

import asyncio
import sys
from typing import Annotated, TypeAlias
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from comfyfleet.settings import password_variable
from contracts.errors import UnavailableError
from contracts.services import SERVICES
from runtime.bus.nats_config import PROVISIONER, nats_config
from runtime.postgres.roles import PACKAGES
from runtime.provision import provision_database, provision_nats

NATS_SCHEMES = ("nats", "tls", "ws", "wss")


class ClusterSettings(BaseSettings):
    model_config = SettingsConfigDict(
        env_prefix="COMFYFLEET_", env_nested_delimiter="__", extra="ignore"
    )

    passwords: dict[str, SecretStr] = Field(
        default_factory=dict[str, SecretStr],
        description="A variable for each service, e.g. `COMFYFLEET_PASSWORDS__WORKFLOW_REGISTRY`, "
        "and one for the user `PROVISIONER` of NATS. A service has one password for both NATS and "
        "Postgres.",
    )

    def password(self, name: str) -> str:
        found = self.passwords.get(name.replace("-", "_"))
        if not found:
            sys.exit(f"comfyfleet: there is no password for {name}: set {password_variable(name)}")
        return found.get_secret_value()


class NatsSettings(ClusterSettings):
    nats_host: str = Field(default="0.0.0.0", description="Address on which nats-server listens.")  # noqa: S104 # a pod's own address
    nats_port: int = 4222
    nats_monitor_port: int = Field(
        default=8222, description="Port of nats-server's health and monitoring."
    )
    nats_store_dir: str = Field(
        default="/data", description="Folder in which nats-server keeps streams."
    )
    nats_extra: str = Field(default="", description="More lines of configuration: cluster, TLS.")


def with_host(url: str) -> str:
    if urlsplit(url).scheme not in NATS_SCHEMES or not urlsplit(url).hostname:
        raise ValueError("expected nats://HOST:PORT")
    return url


NatsUrl: TypeAlias = Annotated[str, AfterValidator(with_host)]


class MigrateSettings(ClusterSettings):
    nats_url: NatsUrl
    admin_database_url: SecretStr = Field(
        description="PostgreSQL URL of a role that may create roles and schemas."
    )


def print_nats_config(settings: NatsSettings) -> None:
    monitor = f'http: "{settings.nats_host}:{settings.nats_monitor_port}"'
    print(
        nats_config(
            {name: settings.password(name) for name in (*SERVICES, PROVISIONER)},
            host=settings.nats_host,
            port=settings.nats_port,
            store_dir=settings.nats_store_dir,
            extra=f"{monitor}\n{settings.nats_extra}",
        )
    )


async def migrate(settings: MigrateSettings) -> None:
    await provision_nats(settings.nats_url, settings.password(PROVISIONER))
    roles = {service: settings.password(service) for service in PACKAGES}
    await provision_database(settings.admin_database_url.get_secret_value(), roles)


def main(word: str) -> None:
    try:
        if word == "nats-config":
            print_nats_config(NatsSettings())
        else:
            asyncio.run(migrate(MigrateSettings()))  # pyright: ignore[reportCallIssue] # from the environment
    except OSError as error:
        sys.exit(f"comfyfleet: NATS or Postgres does not answer: {error}")
    except UnavailableError as error:
        sys.exit(f"comfyfleet: {error.message}")


if __name__ == "__main__":
    main(*sys.argv[1:])

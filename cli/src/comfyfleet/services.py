"""The children that are ours: which modules run, and what their environment says."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from comfyfleet.home import Home
from comfyfleet.servers.s3 import BUCKET, REGION
from comfyfleet.settings import LocalSettings
from comfyfleet.supervise.child import ChildSpec, python
from comfyfleet.supervise.probe import says_ok
from comfyfleet.vault import Vault
from contracts.services import SERVICES, ServiceName
from runtime.postgres.roles import PACKAGES, role_url

BEHIND_GATEWAY: tuple[ServiceName, ...] = tuple(name for name in SERVICES if name != "gateway")
PREVIEW_ENGINE = "preview-engine"
PORTS = ("nats", "nats-monitor", "postgres", "s3", PREVIEW_ENGINE, *SERVICES)

NOT_FOR_CHILDREN = {"COMFYFLEET_ADMIN_PASSWORD", "COMFYFLEET_TOKEN", "COMFYFLEET_URL"}


@dataclass(frozen=True, slots=True)
class Fleet:
    """Everything the children's environment is made from."""

    settings: LocalSettings
    home: Home
    vault: Vault
    ports: Mapping[str, int]

    def service(self, name: ServiceName) -> ChildSpec:
        environment = self.shared(name) | self.own(name)
        if role := PACKAGES.get(name):
            password = self.vault.postgres[name]
            environment["COMFYFLEET_DATABASE_URL"] = self.database_url(role, password)
        return ChildSpec(
            name=name,
            command=python("-m", SERVICES[name].package),
            environment=environment,
            is_ready=partial(says_ok, self.ports[name], "/readyz"),
            url=self.public_url if name == "gateway" else None,
        )

    def preview_engine(self) -> ChildSpec:
        port = self.ports[PREVIEW_ENGINE]
        folder = self.home.data(PREVIEW_ENGINE)
        folder.mkdir(exist_ok=True)
        return ChildSpec(
            name=PREVIEW_ENGINE,
            command=python("-m", "preview_engine", "--port", str(port), "--home", str(folder)),
            environment=inherited(),
            is_ready=partial(says_ok, port, "/system_stats"),
            url=f"http://127.0.0.1:{port}",
        )

    @property
    def public_url(self) -> str:
        host = self.settings.host
        shown = "127.0.0.1" if host in {"0.0.0.0", "::", ""} else host  # noqa: S104 # compared, not bound
        shown = f"[{shown}]" if ":" in shown else shown
        return f"http://{shown}:{self.settings.port}"

    @property
    def nats_url(self) -> str:
        return f"nats://127.0.0.1:{self.ports['nats']}"

    def database_url(self, role: str, password: str) -> str:
        return role_url(f"postgresql://127.0.0.1:{self.ports['postgres']}/postgres", role, password)

    def shared(self, name: str) -> dict[str, str]:
        return inherited() | {
            "COMFYFLEET_NATS_URL": self.nats_url,
            "COMFYFLEET_NATS_PASSWORD": self.vault.nats[name],
            "COMFYFLEET_OPS_PORT": str(self.ports[name]),
        }

    def own(self, name: str) -> dict[str, str]:
        """What one service needs beside what all need; no secret goes where it is not used."""
        settings, vault = self.settings, self.vault
        match name:
            case "gateway":
                return {
                    "COMFYFLEET_HOST": settings.host,
                    "COMFYFLEET_PORT": str(settings.port),
                    "COMFYFLEET_URL_SECRET": vault.url_secret,
                    "COMFYFLEET_IDEMPOTENCY_SECRET": vault.idempotency_secret,
                }
            case "auth":
                return {
                    "COMFYFLEET_ADMIN_EMAIL": vault.admin_email,
                    "COMFYFLEET_ADMIN_PASSWORD": vault.admin_password,
                    "COMFYFLEET_KEY_SECRET": vault.key_secret,
                }
            case "workflow-registry":
                return {"COMFYFLEET_WORKFLOWS_DIR": str(workflows_dir(settings))}
            case "scheduler":
                return {"COMFYFLEET_GRANT_SECRET": vault.grant_secret}
            case "media":
                return self.s3() | {
                    "COMFYFLEET_GRANT_SECRET": vault.grant_secret,
                    "COMFYFLEET_NAME_SECRET": vault.name_secret,
                }
            case _:
                return {"COMFYFLEET_POOL": "default"}

    def s3(self) -> dict[str, str]:
        return {
            "COMFYFLEET_S3_ENDPOINT": f"127.0.0.1:{self.ports['s3']}",
            "COMFYFLEET_S3_ACCESS_KEY": self.vault.s3_access_key,
            "COMFYFLEET_S3_SECRET_KEY": self.vault.s3_secret_key,
            "COMFYFLEET_S3_BUCKET": BUCKET,
            "COMFYFLEET_S3_REGION": REGION,
            "COMFYFLEET_S3_SECURE": "false",
        }


def inherited() -> dict[str, str]:
    """Our own environment, so that log level or tracing can be set for all at once."""
    ours = {name: value for name, value in os.environ.items() if name not in NOT_FOR_CHILDREN}
    return ours | {"PYTHONUNBUFFERED": "1"}


def workflows_dir(settings: LocalSettings) -> Path:
    """The folder that was set, else `workflows` here, else the one this checkout ships."""
    if settings.workflows_dir:
        return settings.workflows_dir.resolve()
    here = Path("workflows").resolve()
    return here if here.is_dir() else Path(__file__).parents[3] / "workflows"

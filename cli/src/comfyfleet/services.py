"""Describes the services and the preview engine as children: commands and environments."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from comfyfleet.home import Home
from comfyfleet.secrets import FleetSecrets
from comfyfleet.settings import LocalSettings
from contracts.services import SERVICES, ServiceName
from runtime.embedded.programs import BUCKET, REGION
from runtime.postgres.roles import PACKAGES, role_url
from runtime.supervision.child import ChildSpec, python
from runtime.supervision.probe import answers_ok

BEHIND_GATEWAY: tuple[ServiceName, ...] = tuple(name for name in SERVICES if name != "gateway")
PREVIEW_ENGINE = "preview-engine"
PORTS = ("nats", "nats-monitor", "postgres", "s3", PREVIEW_ENGINE, *SERVICES)

STOP_SECONDS = 10.0
AGENT_STOP_SECONDS = 40.0
"""Longer than an agent needs to give its jobs back and to stop its servers."""

WITHHELD = {
    *("COMFYFLEET_ADMIN_PASSWORD", "COMFYFLEET_API_KEY"),
    *("COMFYFLEET_TOKEN", "COMFYFLEET_URL"),
}


@dataclass(frozen=True, slots=True)
class Fleet:
    """The settings, secrets and ports from which the environment of each child is made."""

    settings: LocalSettings
    home: Home
    secrets: FleetSecrets
    ports: Mapping[str, int]

    def service(self, name: ServiceName) -> ChildSpec:
        environment = inherited() | {
            "COMFYFLEET_NATS_URL": self.nats_url,
            "COMFYFLEET_NATS_PASSWORD": self.secrets.nats[name],
            "COMFYFLEET_OPS_PORT": str(self.ports[name]),
            **self.own_settings(name),
        }
        if role := PACKAGES.get(name):
            password = self.secrets.postgres[name]
            environment["COMFYFLEET_DATABASE_URL"] = self.database_url(role, password)
        return ChildSpec(
            name=name,
            command=python("-m", SERVICES[name].package),
            environment=environment,
            is_ready=partial(answers_ok, self.ports[name], "/readyz"),
            url=self.public_url if name == "gateway" else None,
            stop_seconds=AGENT_STOP_SECONDS if name == "node-agent" else STOP_SECONDS,
        )

    def preview_engine(self) -> ChildSpec:
        port = self.ports[PREVIEW_ENGINE]
        folder = self.home.data(PREVIEW_ENGINE)
        folder.mkdir(exist_ok=True)
        return ChildSpec(
            name=PREVIEW_ENGINE,
            command=python("-m", "preview_engine", "--port", str(port), "--home", str(folder)),
            environment=inherited(),
            is_ready=partial(answers_ok, port, "/system_stats"),
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

    def own_settings(self, name: str) -> dict[str, str]:
        """Return the settings of one service; each secret goes only to services that use it."""
        settings, secrets = self.settings, self.secrets
        match name:
            case "gateway":
                found = {
                    "COMFYFLEET_HOST": settings.host,
                    "COMFYFLEET_PORT": str(settings.port),
                    "COMFYFLEET_URL_SECRET": secrets.url_secret,
                    "COMFYFLEET_IDEMPOTENCY_SECRET": secrets.idempotency_secret,
                }
            case "auth":
                found = {
                    "COMFYFLEET_ADMIN_EMAIL": secrets.admin_email,
                    "COMFYFLEET_ADMIN_PASSWORD": secrets.admin_password,
                    "COMFYFLEET_KEY_SECRET": secrets.key_secret,
                }
            case "workflow-registry":
                found = {"COMFYFLEET_WORKFLOWS_DIR": str(workflows_dir(settings))}
            case "scheduler":
                found = {"COMFYFLEET_GRANT_SECRET": secrets.grant_secret}
            case "media":
                found = {
                    "COMFYFLEET_GRANT_SECRET": secrets.grant_secret,
                    "COMFYFLEET_NAME_SECRET": secrets.name_secret,
                    "COMFYFLEET_S3_ENDPOINT": f"127.0.0.1:{self.ports['s3']}",
                    "COMFYFLEET_S3_ACCESS_KEY": secrets.s3_access_key,
                    "COMFYFLEET_S3_SECRET_KEY": secrets.s3_secret_key,
                    "COMFYFLEET_S3_BUCKET": BUCKET,
                    "COMFYFLEET_S3_REGION": REGION,
                    "COMFYFLEET_S3_SECURE": "false",
                }
            case "webhooks":
                found = {"COMFYFLEET_SEAL_SECRET": secrets.seal_secret}
            case _:
                folder = self.home.data("node-agent").resolve()
                found = {"COMFYFLEET_POOL": "default", "COMFYFLEET_RUN_DIR": str(folder)}
        return found


def inherited() -> dict[str, str]:
    """Return this process's environment, so that e.g. the log level can be set for all children."""
    ours = {name: value for name, value in os.environ.items() if name not in WITHHELD}
    return ours | {"PYTHONUNBUFFERED": "1"}


def workflows_dir(settings: LocalSettings) -> Path:
    """Return the folder of the settings, else `workflows` here, else this checkout's."""
    if settings.workflows_dir:
        return settings.workflows_dir.resolve()
    here = Path("workflows").resolve()
    return here if here.is_dir() else Path(__file__).parents[3] / "workflows"

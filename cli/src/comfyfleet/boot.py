"""Starts a local fleet: servers, migrations, services, nodes."""

import asyncio
import subprocess
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass

from comfyfleet import CommandError
from comfyfleet.client.api import FleetClient
from comfyfleet.engines import Engines
from comfyfleet.local_nodes import reconcile
from comfyfleet.servers.nats_and_s3 import nats_child, s3_child
from comfyfleet.servers.postgres import postgres_child
from comfyfleet.services import BEHIND_GATEWAY, PREVIEW_ENGINE, Fleet, inherited
from comfyfleet.settings import password_variable
from comfyfleet.supervision.supervisor import Supervisor
from runtime.bus.nats_config import PROVISIONER
from runtime.embedded.postgres import ClusterError
from runtime.supervision.child import ChildSpec, python
from runtime.supervision.log_file import last_words

RECONCILE_TRIES = 6
MIGRATION_SECONDS = 120.0


@dataclass(frozen=True, slots=True)
class Boot:
    """One start of the local fleet; `report` gets a line for people at each step."""

    fleet: Fleet
    supervisor: Supervisor
    engines: Engines
    report: Callable[[str], None]

    async def start(self) -> None:
        """Start everything at once: each process waits for the servers it needs."""
        self._step("starting NATS, Postgres, S3 and the services")
        try:
            servers = await self._servers()
        except (ClusterError, FileNotFoundError) as error:
            raise CommandError(str(error)) from error
        await asyncio.gather(
            self._start(servers, "NATS, Postgres and S3 are ready"),
            self._migrate(),
            self._start(self._services(), "the services are ready"),
            self._start([self.fleet.service("gateway")], "the gateway is ready"),
        )
        await self._nodes()

    async def _servers(self) -> list[ChildSpec]:
        fleet = self.fleet
        home, ports, secrets = fleet.home, fleet.ports, fleet.secrets
        postgres = await asyncio.to_thread(
            postgres_child, home.data("postgres"), secrets, port=ports["postgres"]
        )
        nats = nats_child(
            home.run / "nats.conf",
            home.data("nats"),
            secrets,
            port=ports["nats"],
            monitor_port=ports["nats-monitor"],
        )
        return [nats, postgres, s3_child(home.data("s3"), secrets, port=ports["s3"])]

    def _services(self) -> list[ChildSpec]:
        behind = [self.fleet.service(name) for name in BEHIND_GATEWAY]
        return [*behind, self.fleet.preview_engine()] if self.engines.is_preview else behind

    async def _start(self, children: Sequence[ChildSpec], done: str) -> None:
        """Start the children as a group that also stops together; the last group stops first."""
        await self.supervisor.start(children)
        self._step(done)

    async def _migrate(self) -> None:
        await migrate(self.fleet)
        self._step("streams, roles and tables are ready")

    async def _nodes(self) -> None:
        preview = f"http://127.0.0.1:{self.fleet.ports[PREVIEW_ENGINE]}"
        wanted = (preview,) if self.engines.is_preview else self.engines.urls
        for tries_left in reversed(range(RECONCILE_TRIES)):
            try:
                await asyncio.to_thread(self._reconcile, wanted)
            except CommandError:
                if not tries_left:
                    raise
                await asyncio.sleep(1.0)
            else:
                return

    def _reconcile(self, wanted: tuple[str, ...]) -> None:
        secrets = self.fleet.secrets
        with closing(FleetClient(self.fleet.public_url)) as client:
            client.log_in(secrets.admin_email, secrets.admin_password)
            reconcile(client, wanted, self.report)

    def _step(self, step: str) -> None:
        self.supervisor.note(step)
        self.report(step)


async def migrate(fleet: Fleet) -> None:
    """Return when everything that services need exists; raise `CommandError` if that fails.

    `comfyfleet migrate` waits for the servers by itself. It runs about a second, in a process of
    its own, because its libraries need more memory than the whole supervisor.
    """
    log = fleet.home.logs / "provision.log"
    with log.open("ab") as output:
        process = await asyncio.create_subprocess_exec(
            *python("-m", "comfyfleet.cluster", "migrate"),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env=environment(fleet),
        )
    try:
        with suppress(TimeoutError):
            async with asyncio.timeout(MIGRATION_SECONDS):
                await process.wait()
    finally:
        if process.returncode is None:
            process.kill()
    if process.returncode != 0:
        raise CommandError(
            f"NATS and Postgres cannot be prepared for the services: “{last_words(log)}”. "
            f"The log: {log}"
        )


def environment(fleet: Fleet) -> dict[str, str]:
    secrets = fleet.secrets
    passwords = secrets.postgres | {PROVISIONER: secrets.nats_provisioner}
    return inherited() | {
        "COMFYFLEET_NATS_URL": fleet.nats_url,
        "COMFYFLEET_ADMIN_DATABASE_URL": fleet.database_url("postgres", secrets.postgres_admin),
        **{password_variable(name): password for name, password in passwords.items()},
    }

"""Starts a local fleet: servers, migrations, services, nodes."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass

from comfyfleet import CommandError
from comfyfleet.client.api import FleetClient
from comfyfleet.engines import Engines
from comfyfleet.local_nodes import reconcile
from comfyfleet.migration import migrate
from comfyfleet.servers.nats import nats_child
from comfyfleet.servers.postgres import postgres_child
from comfyfleet.servers.s3 import s3_child
from comfyfleet.services import BEHIND_GATEWAY, PREVIEW_ENGINE, Fleet
from comfyfleet.supervision.child import ChildSpec
from comfyfleet.supervision.supervisor import Supervisor

RECONCILE_TRIES = 6


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
        servers = await self._servers()
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

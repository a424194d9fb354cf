"""From nothing to a fleet that takes jobs, in the order in which things need each other."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import quote

from comfyfleet.client.api import FleetClient
from comfyfleet.engines import Engines
from comfyfleet.problem import CommandError
from comfyfleet.provisioning import PROVISIONER, Order, Prepared, provisioner
from comfyfleet.reconcile import reconcile
from comfyfleet.servers.nats import nats_child
from comfyfleet.servers.postgres import postgres_child
from comfyfleet.servers.s3 import s3_child
from comfyfleet.services import BEHIND_GATEWAY, PREVIEW_ENGINE, Fleet
from comfyfleet.supervise.supervisor import Supervisor

RECONCILE_TRIES = 6


@dataclass(frozen=True, slots=True)
class Boot:
    """One start of the local fleet; `say` gets a line for people at each step."""

    fleet: Fleet
    supervisor: Supervisor
    engines: Engines
    say: Callable[[str], None]

    async def start(self) -> None:
        self._step("starting NATS, Postgres and S3")
        prepared = await self._servers()
        self._step("starting the services")
        await self._services(prepared)
        self._step("adding the GPU servers")
        await self._nodes()

    async def _servers(self) -> Prepared:
        fleet = self.fleet
        order = order_for(fleet)
        async with provisioner(order, fleet.home.logs / "provision.log") as provision:
            postgres = await asyncio.to_thread(
                postgres_child,
                fleet.home.data("postgres"),
                fleet.vault,
                port=fleet.ports["postgres"],
            )
            await provision.configured()
            nats = nats_child(
                order.nats_config,
                port=fleet.ports["nats"],
                monitor_port=fleet.ports["nats-monitor"],
            )
            s3 = s3_child(fleet.home.data("s3"), fleet.vault, port=fleet.ports["s3"])
            await self.supervisor.start([nats, postgres, s3])
            self._step("preparing streams, roles and tables")
            return await provision.prepare()

    async def _services(self, prepared: Prepared) -> None:
        """All at once, since they wait for each other; the gateway stops first, being last."""
        urls = prepared.database_urls
        behind = [self.fleet.service(name, urls) for name in BEHIND_GATEWAY]
        if self.engines.is_preview:
            behind.append(self.fleet.preview_engine())
        gateway = [self.fleet.service("gateway", urls)]
        await asyncio.gather(self.supervisor.start(behind), self.supervisor.start(gateway))

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
        client = FleetClient(self.fleet.public_url)
        try:
            client.log_in(self.fleet.vault.admin_email, self.fleet.vault.admin_password)
            reconcile(client, wanted, self.say)
        finally:
            client.close()

    def _step(self, step: str) -> None:
        self.supervisor.note(step)
        self.say(step)


def order_for(fleet: Fleet) -> Order:
    vault, ports, home = fleet.vault, fleet.ports, fleet.home
    password = quote(vault.postgres_admin, safe="")
    return Order(
        nats_config=home.run / "nats.conf",
        nats_store=home.data("nats"),
        nats_port=ports["nats"],
        nats_monitor_port=ports["nats-monitor"],
        nats_passwords=vault.nats | {PROVISIONER: vault.nats_provisioner},
        postgres_url=f"postgresql://postgres:{password}@127.0.0.1:{ports['postgres']}/postgres",
        postgres_passwords=vault.postgres,
    )

"""A running gateway on real NATS, with small owners behind it and a client in front."""

import asyncio
import os
import signal
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx

from contracts.auth.principals import Principal
from contracts.media.library import FindStorage
from contracts.registry.workflows import FolderReading, WorkflowEntry, WorkflowVersionRecord
from contracts.services import KEYS, PRINCIPALS, WORKFLOWS, ServiceName
from gateway.app import run
from gateway.settings import GatewaySettings
from runtime.bus.client import Bus
from runtime.outbox.messages import put
from runtime.outbox.relay import publish
from runtime.testing.ports import eventually, free_port
from runtime.testing.servers import NatsServer
from workflows import load_version

from .declared import check_declared
from .keys import ALL, Signer
from .owners import FakeScheduler
from .store import FakeStorage

SHIPPED = Path(__file__).parents[3] / "workflows"
UNAUTHORIZED = 401


@dataclass
class Fleet:
    """Everything a test touches."""

    nats: NatsServer
    url: str
    auth: Bus
    media: Bus
    registry: Bus
    agent: Bus
    scheduler: FakeScheduler
    client: httpx.AsyncClient
    signer: Signer
    user_id: UUID = field(default_factory=uuid4)
    storage: FakeStorage = field(default_factory=FakeStorage)

    def headers(self, permissions: list[str] = ALL, **claims: Any) -> dict[str, str]:
        token = self.signer.token(self.user_id, permissions, **claims)
        return {"Authorization": f"Bearer {token}"}

    async def has_user(self, user_id: UUID, **principal: Any) -> None:
        value = Principal(user_id=user_id, role="user", **principal)
        await publish(self.auth, [put(PRINCIPALS, str(user_id), value)])

    async def has_new_user(self, user_id: UUID, **principal: Any) -> None:
        """Wait until the gateway knows the user too."""
        await self.has_user(user_id, **principal)
        token = self.signer.token(user_id, ALL)
        headers = {"Authorization": f"Bearer {token}"}

        async def is_known() -> bool:
            answer = await self.client.get("/v1/workflows", headers=headers)
            return answer.status_code != UNAUTHORIZED

        await eventually(is_known)

    async def post_job(self, body: object, **headers: str) -> httpx.Response:
        return await self.client.post("/v1/jobs", json=body, headers=headers)


@asynccontextmanager
async def a_fleet(nats: NatsServer, **settings: Any) -> AsyncGenerator[Fleet, None]:
    async with AsyncExitStack() as stack:

        async def bus(service: ServiceName) -> Bus:
            connection = Bus.connect(nats.url, service=service, password=nats.passwords[service])
            return await stack.enter_async_context(connection)

        port = free_port()
        url = f"http://127.0.0.1:{port}"
        checks = {"response": [check_declared]}
        client = await stack.enter_async_context(
            httpx.AsyncClient(base_url=url, trust_env=False, event_hooks=checks)
        )
        scheduler = FakeScheduler(await bus("scheduler"))
        auth = await bus("auth")
        fleet = Fleet(
            nats,
            url,
            auth,
            await bus("media"),
            await bus("workflow-registry"),
            await bus("node-agent"),
            scheduler,
            client,
            Signer(),
        )
        await scheduler.serve()
        await fleet.media.serve(FindStorage, fleet.storage.find)
        await publish_workflows(fleet.registry, "solid", "composite", "upscale")
        await publish(fleet.registry, [put(WORKFLOWS, "folder", FolderReading())])
        key = fleet.signer.public
        await publish(auth, [put(KEYS, key.key_id, key)])
        await fleet.has_user(fleet.user_id)
        await stack.enter_async_context(a_gateway(nats, port, client, settings))
        client.headers.update(fleet.headers())
        yield fleet


@asynccontextmanager
async def a_gateway(
    nats: NatsServer, port: int, client: httpx.AsyncClient, settings: dict[str, Any]
) -> AsyncGenerator[None, None]:
    values = {"nats_url": nats.url, "nats_password": nats.passwords["gateway"], "port": port}
    secrets = {"url_secret": "u" * 32, "idempotency_secret": "i" * 32, "log_level": "error"}
    chosen = GatewaySettings.model_validate({**values, **secrets, **settings})
    gateway = asyncio.create_task(run(chosen))

    async def answers() -> bool:
        if gateway.done():
            gateway.result()
        try:
            return (await client.get("/readyz")).is_success
        except httpx.ConnectError:
            return False

    await eventually(answers)
    try:
        yield
    finally:
        os.kill(os.getpid(), signal.SIGTERM)
        async with asyncio.timeout(15):
            await gateway


async def publish_workflows(registry: Bus, *names: str) -> None:
    for name in names:
        graph = (SHIPPED / f"{name}.graph.json").read_text()
        await publish_workflow(registry, name, (SHIPPED / f"{name}.yaml").read_text(), graph)


async def publish_workflow(registry: Bus, name: str, spec: str, graph: str) -> None:
    version = load_version(spec, graph, (SHIPPED / "library.yaml").read_text())
    record = WorkflowVersionRecord(
        name=name,
        version=1,
        hash=version.hash,
        graph=version.graph,
        spec=version.spec.model_dump(mode="json", by_alias=True, exclude_defaults=True),
    )
    entry = WorkflowEntry(
        name=name,
        active_version=1,
        versions={1: version.hash},
        title=name,
        category=version.spec.category,
    )
    await publish(
        registry,
        [
            put(WORKFLOWS, f"version.{version.hash}", record),
            put(WORKFLOWS, f"name.{name}", entry),
        ],
    )

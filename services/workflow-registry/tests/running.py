"""A running registry on real NATS and Postgres, and a gateway's eyes beside it."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from pydantic import SecretStr

from contracts.registry.workflows import WorkflowEntry
from contracts.services import WORKFLOWS, ServiceName
from runtime.bus.bucket import Mirror
from runtime.bus.client import Bus
from runtime.testing.servers import NatsServer
from workflow_registry.app import run
from workflow_registry.settings import RegistrySettings


@asynccontextmanager
async def registry(nats: NatsServer, url: str, folder: Path) -> AsyncGenerator[None, None]:
    settings = RegistrySettings(
        nats_url=nats.url,
        nats_password=SecretStr(nats.passwords["workflow-registry"]),
        database_url=SecretStr(url),
        workflows_dir=folder,
    )
    service = asyncio.create_task(run(settings))
    try:
        yield
    finally:
        service.cancel()
        with suppress(asyncio.CancelledError):
            await service


@asynccontextmanager
async def a_bus(nats: NatsServer, service: ServiceName) -> AsyncGenerator[Bus, None]:
    async with Bus.connect(nats.url, service=service, password=nats.passwords[service]) as bus:
        yield bus


@asynccontextmanager
async def gateway(nats: NatsServer) -> AsyncGenerator[tuple[Bus, Mirror[WorkflowEntry]], None]:
    mirror = Mirror(WORKFLOWS, WorkflowEntry, "name.>")
    async with a_bus(nats, "gateway") as bus:
        following = asyncio.create_task(mirror.follow(bus))
        try:
            yield bus, mirror
        finally:
            following.cancel()
            with suppress(asyncio.CancelledError):
                await following

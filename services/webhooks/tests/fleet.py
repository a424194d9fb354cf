"""Webhooks as a whole on real NATS and Postgres, seen from the gateway and the scheduler."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from pydantic import SecretStr

from contracts.access import Actor
from contracts.scheduler.job_events import JobCompleted, JobEvent
from contracts.scheduler.jobs import JobStatus
from contracts.services import ServiceName
from contracts.values import new_id
from contracts.webhooks.deliveries import DeliveryView, ListDeliveries
from contracts.webhooks.endpoints import CreatedWebhook, CreateWebhook, FindWebhook, WebhookView
from runtime.bus.client import Bus
from runtime.outbox.messages import event
from runtime.outbox.relay import publish
from runtime.testing.postgres import PostgresServer
from runtime.testing.servers import NatsServer
from webhooks.app import run
from webhooks.settings import WebhooksSettings


class FakeClock:
    def __init__(self) -> None:
        self.now = datetime.now(UTC)

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **duration: float) -> None:
        self.now += timedelta(**duration)


def an_actor() -> Actor:
    return Actor(user_id=new_id())


def completed(actor: Actor, at: datetime, job_id: UUID | None = None) -> JobCompleted:
    return JobCompleted(
        job_id=job_id or new_id(),
        owner_id=actor.user_id,
        status=JobStatus.COMPLETED,
        workflow="solid@1",
        version=3,
        occurred_at=at,
    )


@dataclass(frozen=True)
class Fleet:
    gateway: Bus
    scheduler: Bus
    clock: FakeClock

    async def create(self, actor: Actor, url: str, **fields: Any) -> CreatedWebhook:
        command = CreateWebhook(actor=actor, webhook_id=new_id(), url=url, **fields)
        return await self.gateway.call(command)

    async def find(self, actor: Actor, webhook_id: UUID) -> WebhookView:
        return await self.gateway.call(FindWebhook(actor=actor, webhook_id=webhook_id))

    async def publish(self, *events: JobEvent) -> None:
        await publish(self.scheduler, [event(one) for one in events])

    async def complete(self, actor: Actor, count: int = 1) -> list[JobCompleted]:
        """Publish that so many jobs of the owner have completed."""
        events = [completed(actor, self.clock()) for _ in range(count)]
        await self.publish(*events)
        return events

    async def deliveries(self, actor: Actor, webhook_id: UUID) -> list[DeliveryView]:
        query = ListDeliveries(actor=actor, webhook_id=webhook_id, limit=100)
        return (await self.gateway.call(query)).items

    async def have(self, actor: Actor, webhook_id: UUID, status: str, count: int = 1) -> bool:
        found = await self.deliveries(actor, webhook_id)
        return [one.status for one in found].count(status) == count

    async def were_tried(self, actor: Actor, webhook_id: UUID, times: int, count: int = 1) -> bool:
        """Return whether so many deliveries have an error after so many attempts."""
        found = await self.deliveries(actor, webhook_id)
        tried = [one for one in found if one.attempt_count == times and one.error]
        return len(tried) == count


@asynccontextmanager
async def webhooks(
    nats: NatsServer, postgres: PostgresServer, **settings: Any
) -> AsyncGenerator[Fleet, None]:
    url, clock = await postgres.database_for("webhooks"), FakeClock()
    async with AsyncExitStack() as stack:

        async def bus(service: ServiceName) -> Bus:
            connection = Bus.connect(nats.url, service=service, password=nats.passwords[service])
            return await stack.enter_async_context(connection)

        async with serving(nats, url, clock, **settings):
            yield Fleet(await bus("gateway"), await bus("scheduler"), clock)


@asynccontextmanager
async def serving(
    nats: NatsServer, url: str, clock: FakeClock, **settings: Any
) -> AsyncGenerator[None, None]:
    chosen = WebhooksSettings.model_validate(
        {
            "nats_url": nats.url,
            "nats_password": SecretStr(nats.passwords["webhooks"]),
            "database_url": SecretStr(url),
            "seal_secret": SecretStr("s" * 16),
            "receiver_networks": "127.0.0.0/8",
            "log_level": "error",
            **settings,
        }
    )
    service = asyncio.create_task(run(chosen, clock))
    try:
        yield
    finally:
        service.cancel()
        with suppress(asyncio.CancelledError):
            await service

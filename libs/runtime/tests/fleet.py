"""A NATS with a stream of node events, and handlers that remember what they were given."""

from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime

from contracts.scheduler.node_events import NodeAdded, NodeEvent
from contracts.services import ServiceName
from contracts.values import new_id
from runtime.bus.client import Bus
from runtime.bus.dead_letters import DeadLetter, newest
from runtime.bus.delivery import DeliveryPolicy
from runtime.bus.nats_config import PROVISIONER
from runtime.outbox.messages import event
from runtime.outbox.relay import publish
from runtime.provision import administration
from runtime.testing.servers import NatsServer

HASTY = DeliveryPolicy(ack_wait_seconds=1.0, pauses_seconds=(0.05, 0.1), max_deliveries=4)
"""Three failures."""


def an_event(name: str) -> NodeEvent:
    return NodeAdded(node_id=new_id(), name=name, version=1, occurred_at=datetime.now(UTC))


@dataclass
class Fleet:
    nats: NatsServer
    stack: AsyncExitStack

    async def bus(self, service: ServiceName) -> Bus:
        password = self.nats.passwords[service]
        return await self.stack.enter_async_context(
            Bus.connect(self.nats.url, service=service, password=password)
        )

    async def letters(self) -> list[DeadLetter]:
        async with administration(self.nats.url, self.nats.passwords[PROVISIONER]) as jetstream:
            return (await newest(jetstream, 10))[0]

    async def has_letter(self) -> bool:
        return bool(await self.letters())


@dataclass
class Reader:
    """A handler that remembers names, and does with them what `behavior` says."""

    behavior: Callable[[str], Awaitable[None]] | None = None
    names: list[str] = field(default_factory=list[str])

    async def __call__(self, node_event: NodeEvent) -> None:
        self.names.append(node_event.name)
        if self.behavior:
            await self.behavior(node_event.name)


async def send(scheduler: Bus, *names: str) -> None:
    await publish(scheduler, [event(an_event(name)) for name in names])

"""Followers of buckets and of the stream of events: nothing is left over, nobody stays deaf."""

# nats-py is only partly typed; see client.py.
# pyright: reportUnknownMemberType=false

import asyncio
import json
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from nats.js.api import ConsumerInfo
from nats.js.client import JetStreamContext

from contracts.scheduler.node_events import NodeAdded
from contracts.scheduler.nodes import NodeEntry
from contracts.services import NODES
from contracts.topology import EVENTS_STREAM, stream_of
from contracts.values import new_id
from runtime.bus import event_stream, ordered
from runtime.bus.bucket import Mirror
from runtime.bus.client import Bus
from runtime.bus.nats_config import PROVISIONER
from runtime.outbox.messages import Outgoing, delete, event, put
from runtime.outbox.relay import publish
from runtime.process.service import cancel_all
from runtime.provision import administration, provision_nats
from runtime.testing.ports import eventually
from runtime.testing.servers import NatsServer

from .fleet import Fleet

BUCKET = stream_of(NODES)


def a_put(key: UUID) -> Outgoing:
    return put(NODES, str(key), NodeEntry(node_id=key, name="n", base_url="http://127.0.0.1:1"))


def an_event() -> NodeAdded:
    return NodeAdded(node_id=new_id(), name="n", version=1, occurred_at=datetime.now(UTC))


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Renew subscriptions often, and let the server forget them soon."""
    monkeypatch.setattr(ordered, "RENEW_SECONDS", 0.1)
    monkeypatch.setattr(ordered, "POLL_SECONDS", 0.1)
    monkeypatch.setattr(ordered, "FORGET_SECONDS", 1.0)


@pytest.fixture
async def stack() -> AsyncGenerator[AsyncExitStack, None]:
    async with AsyncExitStack() as stack:
        yield stack


class Subscriptions:
    """Counts the subscriptions that followers make."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.count = 0
        self._subscribe = ordered.subscribe
        monkeypatch.setattr(ordered, "subscribe", self.subscribe)

    async def subscribe(self, *places: Any, **options: Any) -> Any:
        self.count += 1
        return await self._subscribe(*places, **options)


def spawn(stack: AsyncExitStack, work: Any) -> None:
    stack.push_async_callback(cancel_all, [asyncio.create_task(work)])


@pytest.mark.usefixtures("hasty")
async def test_a_renewed_watch_continues_and_leaves_no_consumer_behind(
    fleet: Fleet, server: NatsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    subscriptions, changes = Subscriptions(monkeypatch), list[int]()
    scheduler, agent = await fleet.bus("scheduler"), await fleet.bus("node-agent")
    await publish(scheduler, [a_put(new_id()) for _ in range(20)])
    mirror = Mirror(NODES, NodeEntry, on_change=lambda: changes.append(len(mirror.entries)))
    following = asyncio.create_task(mirror.follow(agent))

    await eventually(lambda: subscriptions.count >= 6)
    assert changes == [20], "a renewed watch read entries again that had not changed"
    await publish(scheduler, [a_put(new_id())])
    await eventually(lambda: changes == [20, 21])
    await cancel_all([following])

    async with administration(server.url, server.passwords[PROVISIONER]) as jetstream:

        async def are_gone() -> bool:
            return not await jetstream.consumers_info(BUCKET)

        await eventually(are_gone, within=30)


@pytest.mark.usefixtures("hasty")
async def test_followers_hear_a_stream_and_a_bucket_that_were_made_anew(
    fleet: Fleet, server: NatsServer, stack: AsyncExitStack
) -> None:
    scheduler, agent = await fleet.bus("scheduler"), await fleet.bus("node-agent")
    gateway, heard = await fleet.bus("gateway"), list[str]()

    async def listen(bus: Bus) -> None:
        async for stored in event_stream.follow(bus, 0):
            heard.append(stored.subject)

    mirror, old, new = Mirror(NODES, NodeEntry), new_id(), new_id()
    spawn(stack, listen(gateway))
    spawn(stack, mirror.follow(agent))
    await publish(scheduler, [event(an_event()), event(an_event()), a_put(old)])
    await eventually(lambda: len(heard) == 2 and list(mirror.entries) == [str(old)])
    password = server.passwords[PROVISIONER]
    async with administration(server.url, password) as jetstream:
        for stream in (EVENTS_STREAM, BUCKET):
            await jetstream.delete_stream(stream)
    await provision_nats(server.url, password)

    await publish(scheduler, [event(an_event()), a_put(new)])

    await eventually(lambda: len(heard) == 3 and str(new) in mirror.entries)


async def test_a_stream_made_anew_that_is_as_long_as_the_old_one_is_heard_from_its_begin(
    fleet: Fleet, server: NatsServer, stack: AsyncExitStack
) -> None:
    scheduler, gateway = await fleet.bus("scheduler"), await fleet.bus("gateway")
    heard = list[str]()

    async def listen() -> None:
        async for stored in event_stream.follow(gateway, 0):
            heard.append(stored.subject)

    spawn(stack, listen())
    await publish(scheduler, [event(an_event()), event(an_event())])
    await eventually(lambda: len(heard) == 2)
    password = server.passwords[PROVISIONER]
    async with administration(server.url, password) as jetstream:
        await jetstream.delete_stream(EVENTS_STREAM)
    await provision_nats(server.url, password)
    await publish(scheduler, [event(an_event()) for _ in range(3)])

    gateway._renew()  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]  (as after a reconnect)

    await eventually(lambda: len(heard) == 5)


async def consumer_of(jetstream: JetStreamContext) -> ConsumerInfo | None:
    return next(iter(await jetstream.consumers_info(EVENTS_STREAM)), None)


async def forget(jetstream: JetStreamContext, consumer: ConsumerInfo) -> None:
    await jetstream.delete_consumer(EVENTS_STREAM, consumer.name)


async def make_anew(jetstream: JetStreamContext, consumer: ConsumerInfo) -> None:
    """Let the consumer begin to count again, as one does that a cluster has lost and restored."""
    await forget(jetstream, consumer)
    await jetstream.add_consumer(EVENTS_STREAM, consumer.config)


@pytest.mark.parametrize("harm", [forget, make_anew])
async def test_a_follower_whose_consumer_is_gone_hears_what_it_missed(
    fleet: Fleet,
    server: NatsServer,
    stack: AsyncExitStack,
    monkeypatch: pytest.MonkeyPatch,
    harm: Callable[[JetStreamContext, ConsumerInfo], Awaitable[None]],
) -> None:
    monkeypatch.setattr(ordered, "RENEW_SECONDS", 3_600.0)
    monkeypatch.setattr(ordered, "CHECK_SECONDS", 0.2)
    monkeypatch.setattr(ordered, "POLL_SECONDS", 0.1)
    scheduler, gateway = await fleet.bus("scheduler"), await fleet.bus("gateway")
    sent, heard = [an_event() for _ in range(6)], list[str]()

    async def listen() -> None:
        async for stored in event_stream.follow(gateway):
            heard.append(json.loads(stored.body)["data"]["node_id"])

    spawn(stack, listen())
    password = server.passwords[PROVISIONER]
    jetstream = await stack.enter_async_context(administration(server.url, password))

    async def has_consumer() -> bool:
        return await consumer_of(jetstream) is not None

    await eventually(has_consumer)
    await publish(scheduler, [event(one) for one in sent[:3]])
    await eventually(lambda: len(heard) == 3)
    consumer = await consumer_of(jetstream)
    assert consumer
    await harm(jetstream, consumer)
    await publish(scheduler, [event(one) for one in sent[3:]])

    await eventually(lambda: heard == [str(one.node_id) for one in sent])


async def test_the_marker_of_a_deleted_key_is_forgotten(
    fleet: Fleet, server: NatsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("runtime.outbox.messages.MARKER_SECONDS", 1)
    scheduler, key = await fleet.bus("scheduler"), new_id()
    await publish(scheduler, [a_put(key)])
    await publish(scheduler, [delete(NODES, str(key))])
    async with administration(server.url, server.passwords[PROVISIONER]) as jetstream:

        async def is_empty() -> bool:
            return (await jetstream.stream_info(BUCKET)).state.messages == 0

        await eventually(is_empty)

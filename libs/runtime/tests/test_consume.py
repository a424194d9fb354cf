"""Durable subscribers against a real NATS: nothing is lost, and nothing is taken too early."""

# nats-py is only partly typed; see bus/client.py.
# pyright: reportUnknownMemberType=false

import asyncio
import sys
from contextlib import suppress

import pytest
from nats.js.api import ConsumerConfig
from nats.js.errors import NotFoundError

from contracts.scheduler.job_events import JobEvent
from contracts.scheduler.node_events import NodeEvent, NodeJoined
from contracts.topology import EVENTS_STREAM, subscriber
from runtime.bus import consume
from runtime.bus.client import Bus
from runtime.bus.nats_config import PROVISIONER
from runtime.outbox.messages import event
from runtime.outbox.relay import publish
from runtime.process.tables import serve
from runtime.provision import administration, provision_nats
from runtime.testing.ports import eventually

from .fleet import HASTY, Fleet, Reader, an_event, send


async def test_events_published_before_and_after_the_start_are_handled_in_order(
    fleet: Fleet,
) -> None:
    scheduler, registry = await fleet.bus("scheduler"), await fleet.bus("workflow-registry")
    reader = Reader()
    await send(scheduler, "a", "b")
    await registry.consume(NodeEvent, reader)
    await eventually(lambda: reader.names == ["a", "b"])
    await send(scheduler, "c", "d")
    await eventually(lambda: reader.names == ["a", "b", "c", "d"])


async def test_a_table_consumes_events(fleet: Fleet) -> None:
    scheduler, registry = await fleet.bus("scheduler"), await fleet.bus("workflow-registry")
    names = list[str]()

    async def note(service: list[str], event: NodeEvent) -> None:
        service.append(event.name)

    async with await serve(registry, names, subscriptions={NodeEvent: note}):
        await send(scheduler, "a")
        await eventually(lambda: names == ["a"])


async def test_what_was_acknowledged_is_not_delivered_to_the_next_process(fleet: Fleet) -> None:
    scheduler = await fleet.bus("scheduler")
    for name in ("a", "b"):
        reader = Reader()
        registry = await fleet.bus("workflow-registry")
        close = await registry.consume(NodeEvent, reader)
        await send(scheduler, name)
        await eventually(lambda reader=reader, name=name: reader.names == [name])
        await close()


SUBSCRIBER = """
import asyncio, sys
from contracts.scheduler.node_events import NodeEvent
from runtime.bus.client import Bus
from runtime.bus.delivery import DeliveryPolicy

async def handle(event):
    print(event.name, flush=True)
    await asyncio.sleep(60)

async def main(url, password):
    async with Bus.connect(url, service="workflow-registry", password=password) as bus:
        await bus.consume(NodeEvent, handle, policy=DeliveryPolicy(ack_wait_seconds=1.0))
        await asyncio.sleep(60)

asyncio.run(main(*sys.argv[1:]))
"""


async def test_an_event_in_the_hand_of_a_killed_subscriber_is_delivered_again(
    fleet: Fleet,
) -> None:
    scheduler = await fleet.bus("scheduler")
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", SUBSCRIBER),
        *(fleet.nats.url, fleet.nats.passwords["workflow-registry"]),
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout
    try:
        await send(scheduler, "a", "b")
        async with asyncio.timeout(20):
            assert await process.stdout.readline() == b"a\n"
    finally:
        process.kill()
        await process.wait()
    reader = Reader()
    registry = await fleet.bus("workflow-registry")
    await registry.consume(NodeEvent, reader, policy=HASTY)
    await eventually(lambda: reader.names == ["a", "b"])


async def test_a_long_handler_keeps_its_event(fleet: Fleet) -> None:
    scheduler, registry = await fleet.bus("scheduler"), await fleet.bus("workflow-registry")
    reader = Reader(lambda _name: asyncio.sleep(3 * HASTY.ack_wait_seconds))
    await registry.consume(NodeEvent, reader, policy=HASTY)
    await send(scheduler, "a", "b")
    await eventually(lambda: reader.names == ["a", "b"])


async def test_no_more_events_are_taken_than_handlers_are_free(fleet: Fleet) -> None:
    scheduler, registry = await fleet.bus("scheduler"), await fleet.bus("workflow-registry")
    go_on = asyncio.Event()

    async def wait(_name: str) -> None:
        await go_on.wait()

    reader = Reader(wait)
    await registry.consume(NodeEvent, reader, concurrency=2, policy=HASTY)
    await send(scheduler, *"abcdef")
    await eventually(lambda: len(reader.names) == 2)
    async with administration(fleet.nats.url, fleet.nats.passwords[PROVISIONER]) as jetstream:
        name = subscriber("workflow-registry", NodeEvent).name
        info = await jetstream.consumer_info(EVENTS_STREAM, name)
        assert (info.num_ack_pending, info.num_pending) == (2, 4)
        go_on.set()
        await eventually(lambda: sorted(reader.names) == list("abcdef"))


async def test_stopping_finishes_what_is_in_hand_and_takes_no_more(fleet: Fleet) -> None:
    scheduler, registry = await fleet.bus("scheduler"), await fleet.bus("workflow-registry")
    go_on = asyncio.Event()

    async def wait(_name: str) -> None:
        await go_on.wait()

    reader = Reader(wait)
    close = await registry.consume(NodeEvent, reader)
    await send(scheduler, "a", "b")
    await eventually(lambda: reader.names == ["a"])
    closing = asyncio.ensure_future(close())
    await asyncio.sleep(0)
    go_on.set()
    await closing

    following = Reader()
    await registry.consume(NodeEvent, following)
    await eventually(lambda: following.names == ["b"])
    assert reader.names == ["a"]


async def test_an_idle_subscriber_stops_without_a_message_and_the_bus_drains(
    fleet: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    for wait in ("FETCH_SECONDS", "STOP_SECONDS"):  # neither ends within this test
        monkeypatch.setattr(consume, wait, 3_600.0)
    password = fleet.nats.passwords["workflow-registry"]
    consumer = subscriber("workflow-registry", NodeEvent).name
    administrating = administration(fleet.nats.url, fleet.nats.passwords[PROVISIONER])
    connecting = Bus.connect(fleet.nats.url, service="workflow-registry", password=password)
    async with administrating as jetstream, asyncio.timeout(60), connecting as registry:
        await registry.consume(NodeEvent, Reader())

        async def waits_for_a_message() -> bool:
            with suppress(NotFoundError):  # it is made in a moment
                return bool((await jetstream.consumer_info(EVENTS_STREAM, consumer)).num_waiting)
            return False

        await eventually(waits_for_a_message)


async def test_nothing_is_lost_over_a_restart_of_nats(fleet: Fleet) -> None:
    scheduler, registry = await fleet.bus("scheduler"), await fleet.bus("workflow-registry")
    reader, published = Reader(), list[str]()
    stop = asyncio.Event()

    async def keep_publishing() -> None:
        while not stop.is_set():
            name = f"n{len(published)}"
            message = event(an_event(name))
            while True:
                with suppress(TimeoutError, OSError):
                    await publish(scheduler, [message])
                    break
            published.append(name)
            await asyncio.sleep(0.005)

    await registry.consume(NodeEvent, reader, policy=HASTY)
    publishing = asyncio.create_task(keep_publishing())
    for end in (fleet.nats.kill, fleet.nats.stop):
        count = len(reader.names)
        await eventually(lambda count=count: len(reader.names) > count + 20)
        end()
        fleet.nats.start()
        await eventually(lambda: scheduler.is_connected and registry.is_connected, within=20)
    count = len(reader.names)
    await eventually(lambda: len(reader.names) > count + 20, within=20)
    stop.set()
    await publishing
    await eventually(lambda: set(reader.names) == set(published), within=20)
    assert await fleet.letters() == []


async def test_a_consumer_that_was_deleted_is_made_anew(
    fleet: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("runtime.bus.consume.FETCH_SECONDS", 0.5)
    scheduler, registry = await fleet.bus("scheduler"), await fleet.bus("workflow-registry")
    reader = Reader()
    await registry.consume(NodeEvent, reader)
    await send(scheduler, "a")
    await eventually(lambda: reader.names == ["a"])
    async with administration(fleet.nats.url, fleet.nats.passwords[PROVISIONER]) as jetstream:
        name = subscriber("workflow-registry", NodeEvent).name
        await jetstream.delete_consumer(EVENTS_STREAM, name)
    await send(scheduler, "b")
    await eventually(lambda: reader.names[-1] == "b")


async def test_only_a_service_that_the_class_names_may_consume(fleet: Fleet) -> None:
    media, registry = await fleet.bus("media"), await fleet.bus("workflow-registry")
    with pytest.raises(TypeError, match="NodeEvent does not name media"):
        await media.consume(NodeEvent, Reader())
    for event_class in (NodeJoined, JobEvent):
        with pytest.raises(TypeError, match="does not name workflow-registry"):
            await registry.consume(event_class, Reader())  # pyright: ignore[reportArgumentType]


async def test_a_subscriber_that_gets_nothing_says_so(fleet: Fleet) -> None:
    registry = await fleet.bus("workflow-registry")
    async with administration(fleet.nats.url, fleet.nats.passwords[PROVISIONER]) as jetstream:
        await jetstream.delete_stream(EVENTS_STREAM)
        await registry.consume(NodeEvent, Reader())
        await eventually(lambda: "gets nothing of EVENTS" in (registry.warning() or ""))
        await provision_nats(fleet.nats.url, fleet.nats.passwords[PROVISIONER])
        await eventually(lambda: registry.warning() is None)


async def test_consumers_of_a_subscriber_that_is_gone_are_deleted(fleet: Fleet) -> None:
    async with administration(fleet.nats.url, fleet.nats.passwords[PROVISIONER]) as jetstream:
        for name in ("media-NodeEvent", subscriber("workflow-registry", NodeEvent).name):
            config = ConsumerConfig(durable_name=name, filter_subject="event.node.>")
            await jetstream.add_consumer(EVENTS_STREAM, config=config)
        await provision_nats(fleet.nats.url, fleet.nats.passwords[PROVISIONER])
        left = [one.name for one in await jetstream.consumers_info(EVENTS_STREAM)]
        assert left == ["workflow-registry-NodeEvent"]

"""Durable subscribers against a real NATS: nothing is lost, and poison is set aside."""

import asyncio
import sys
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest

from contracts.errors import InvalidError, NotFoundError, UnavailableError
from contracts.scheduler.jobs import JobFact
from contracts.scheduler.node_facts import NodeAdded, NodeFact, NodeJoined
from contracts.services import ServiceName
from contracts.topology import EVENTS_STREAM, RETRIES_STREAM, subscriber
from contracts.values import new_id
from runtime.bus.client import Bus
from runtime.bus.dead_letters import StoredLetter, newest, replay, replay_all
from runtime.bus.delivery import DeliveryPolicy
from runtime.bus.nats_config import PROVISIONER
from runtime.outbox.messages import Outgoing, event
from runtime.outbox.relay import publish
from runtime.process.tables import serve
from runtime.provision import administration
from runtime.testing.ports import eventually
from runtime.testing.servers import NatsServer, nats_server

HASTY = DeliveryPolicy(ack_wait_seconds=1.0, pauses_seconds=(0.05, 0.1))
"""Three deliveries."""


@pytest.fixture
def nats(tmp_path: Path) -> Iterator[NatsServer]:
    """One of its own: a durable subscriber reads all events of the stream."""
    with nats_server(tmp_path) as server:
        yield server


def a_fact(name: str) -> NodeFact:
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

    async def letters(self) -> list[StoredLetter]:
        async with administration(self.nats.url, self.nats.passwords[PROVISIONER]) as jetstream:
            return (await newest(jetstream, 10))[0]

    async def has_letter(self) -> bool:
        return bool(await self.letters())


@pytest.fixture
async def fleet(nats: NatsServer) -> AsyncGenerator[Fleet, None]:
    async with AsyncExitStack() as stack:
        yield Fleet(nats, stack)


@dataclass
class Reader:
    """A handler that remembers names, and does with them what `behavior` says."""

    behavior: Callable[[str], Awaitable[None]] | None = None
    names: list[str] = field(default_factory=list[str])

    async def __call__(self, fact: NodeFact) -> None:
        self.names.append(fact.name)
        if self.behavior:
            await self.behavior(fact.name)


async def send(scheduler: Bus, *names: str) -> None:
    await publish(scheduler, [event(a_fact(name)) for name in names])


async def test_events_published_before_and_after_the_start_are_handled_in_order(
    fleet: Fleet,
) -> None:
    scheduler, registry = await fleet.bus("scheduler"), await fleet.bus("workflow-registry")
    reader = Reader()
    await send(scheduler, "a", "b")
    await registry.consume(NodeFact, reader)
    await eventually(lambda: reader.names == ["a", "b"])
    await send(scheduler, "c", "d")
    await eventually(lambda: reader.names == ["a", "b", "c", "d"])


async def test_a_table_consumes_events(fleet: Fleet) -> None:
    scheduler, registry = await fleet.bus("scheduler"), await fleet.bus("workflow-registry")
    names = list[str]()

    async def note(service: list[str], event: NodeFact) -> None:
        service.append(event.name)

    async with await serve(registry, names, subscriptions={NodeFact: note}):
        await send(scheduler, "a")
        await eventually(lambda: names == ["a"])


async def test_what_was_acknowledged_is_not_delivered_to_the_next_process(fleet: Fleet) -> None:
    scheduler = await fleet.bus("scheduler")
    for name in ("a", "b"):
        reader = Reader()
        registry = await fleet.bus("workflow-registry")
        close = await registry.consume(NodeFact, reader)
        await send(scheduler, name)
        await eventually(lambda reader=reader, name=name: reader.names == [name])
        await close()


SUBSCRIBER = """
import asyncio, sys
from contracts.scheduler.node_facts import NodeFact
from runtime.bus.client import Bus
from runtime.bus.delivery import DeliveryPolicy

async def handle(fact):
    print(fact.name, flush=True)
    await asyncio.sleep(60)

async def main(url, password):
    async with Bus.connect(url, service="workflow-registry", password=password) as bus:
        await bus.consume(NodeFact, handle, policy=DeliveryPolicy(ack_wait_seconds=1.0))
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
    await registry.consume(NodeFact, reader, policy=HASTY)
    await eventually(lambda: reader.names == ["a", "b"])


async def test_an_event_under_which_subscribers_die_is_poison(fleet: Fleet) -> None:
    scheduler, end = await fleet.bus("scheduler"), asyncio.Event()

    async def wait(_name: str) -> None:
        await end.wait()

    await send(scheduler, "poison")
    for _ in range(HASTY.limit):
        reader = Reader(wait)
        registry = await fleet.bus("workflow-registry")
        await registry.consume(NodeFact, reader, policy=HASTY)
        await eventually(lambda reader=reader: reader.names == ["poison"])
        await sever(registry)
    reader = Reader()
    registry = await fleet.bus("workflow-registry")
    await registry.consume(NodeFact, reader, policy=HASTY)
    await send(scheduler, "next")
    await eventually(lambda: reader.names == ["next"])
    assert [stored.letter.code for stored in await fleet.letters()] == ["crashed"]
    end.set()


async def sever(bus: Bus) -> None:
    """End the connection as a crash does: nothing in hand is settled."""
    await bus._client.close()  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]


async def test_a_bug_is_tried_again_then_set_aside_as_a_record(fleet: Fleet) -> None:
    scheduler, registry = await fleet.bus("scheduler"), await fleet.bus("workflow-registry")

    async def fail(name: str) -> None:
        if name == "bad":
            raise KeyError(name)

    reader = Reader(fail)
    await registry.consume(NodeFact, reader, policy=HASTY)
    await send(scheduler, "bad", "good")
    await eventually(lambda: reader.names == ["bad"] * 3 + ["good"])
    [stored] = await fleet.letters()
    letter = stored.letter
    assert (letter.service, letter.event_class) == ("workflow-registry", "NodeFact")
    assert (letter.kind, letter.code, letter.message) == ("bug", "KeyError", "'bad'")
    assert letter.deliveries == 3
    assert NodeAdded.decode(letter.subject, letter.body.encode()).name == "bad"


async def test_a_replayed_event_is_handled_or_set_aside_again(fleet: Fleet) -> None:
    scheduler, registry = await fleet.bus("scheduler"), await fleet.bus("workflow-registry")
    broken = True

    async def fail(_name: str) -> None:
        if broken:
            raise InvalidError("no")

    reader = Reader(fail)
    await registry.consume(NodeFact, reader, policy=HASTY)
    await send(scheduler, "bad")
    await eventually(fleet.has_letter)
    [first] = await fleet.letters()
    async with administration(fleet.nats.url, fleet.nats.passwords[PROVISIONER]) as jetstream:
        await replay(jetstream, first.number)
        await eventually(fleet.has_letter)
        [again] = await fleet.letters()
        assert (again.number, again.letter.subject) == (first.number + 1, first.letter.subject)

        broken = False
        assert [one.number async for one in replay_all(jetstream)] == [again.number]
        await eventually(lambda: reader.names == ["bad"] * 3)

        async def is_settled() -> bool:
            return (await jetstream.stream_info(RETRIES_STREAM)).state.messages == 0

        await eventually(is_settled)
        assert await fleet.letters() == []
        with pytest.raises(NotFoundError):
            await replay(jetstream, again.number)


@pytest.mark.parametrize("kind", [InvalidError, NotFoundError])
async def test_an_error_that_no_repeat_can_help_sets_the_event_aside_at_once(
    fleet: Fleet, kind: type[InvalidError]
) -> None:
    scheduler, registry = await fleet.bus("scheduler"), await fleet.bus("workflow-registry")

    async def refuse(_name: str) -> None:
        raise kind("no", code="unwanted")

    reader = Reader(refuse)
    await registry.consume(NodeFact, reader, policy=HASTY)
    await send(scheduler, "a")
    await eventually(fleet.has_letter)
    [stored] = await fleet.letters()
    assert (stored.letter.kind, stored.letter.code) == (kind.kind, "unwanted")
    assert reader.names == ["a"]


async def test_an_unavailable_handler_gets_the_event_until_it_is_available(fleet: Fleet) -> None:
    scheduler, registry = await fleet.bus("scheduler"), await fleet.bus("workflow-registry")
    reader = Reader()

    async def be_away(_name: str) -> None:
        if len(reader.names) < 3:
            raise UnavailableError("the database does not answer", retry_in=0.01)

    reader.behavior = be_away
    policy = DeliveryPolicy(ack_wait_seconds=1.0, pauses_seconds=())
    await registry.consume(NodeFact, reader, policy=policy)
    await send(scheduler, "a", "b")
    await eventually(lambda: reader.names == ["a", "a", "a", "b"])
    assert await fleet.letters() == []


async def test_an_event_whose_handler_stays_unavailable_is_set_aside_in_the_end(
    fleet: Fleet,
) -> None:
    scheduler, registry = await fleet.bus("scheduler"), await fleet.bus("workflow-registry")

    async def be_away(_name: str) -> None:
        raise UnavailableError("the database does not answer")

    policy = DeliveryPolicy(unavailable_seconds=0)
    await registry.consume(NodeFact, Reader(be_away), policy=policy)
    await send(scheduler, "a")
    await eventually(fleet.has_letter)
    assert (await fleet.letters())[0].letter.kind == "unavailable"


async def test_a_malformed_event_is_set_aside_and_a_newer_fact_is_skipped(fleet: Fleet) -> None:
    scheduler, registry = await fleet.bus("scheduler"), await fleet.bus("workflow-registry")
    reader = Reader()
    bodies = {f"event.node.added.v1.{n}": body for n, body in enumerate(("{", "[]", '"é', "{}"))}
    messages = [Outgoing(subject, body, str(new_id())) for subject, body in bodies.items()]
    await publish(scheduler, messages)
    async with administration(fleet.nats.url, fleet.nats.passwords[PROVISIONER]) as jetstream:
        await jetstream.publish("event.node.repainted.v1.x", b"{}")
    await registry.consume(NodeFact, reader, policy=HASTY)
    await send(scheduler, "good")
    await eventually(lambda: reader.names == ["good"])
    letters = [stored.letter for stored in await fleet.letters()]
    assert {letter.subject: letter.body for letter in letters} == bodies
    assert {(letter.kind, letter.code) for letter in letters} == {("invalid", "malformed")}


async def test_a_long_handler_keeps_its_event(fleet: Fleet) -> None:
    scheduler, registry = await fleet.bus("scheduler"), await fleet.bus("workflow-registry")
    reader = Reader(lambda _name: asyncio.sleep(3 * HASTY.ack_wait_seconds))
    await registry.consume(NodeFact, reader, policy=HASTY)
    await send(scheduler, "a", "b")
    await eventually(lambda: reader.names == ["a", "b"])


async def test_no_more_events_are_taken_than_handlers_are_free(fleet: Fleet) -> None:
    scheduler, registry = await fleet.bus("scheduler"), await fleet.bus("workflow-registry")
    go_on = asyncio.Event()

    async def wait(_name: str) -> None:
        await go_on.wait()

    reader = Reader(wait)
    await registry.consume(NodeFact, reader, concurrency=2, policy=HASTY)
    await send(scheduler, *"abcdef")
    await eventually(lambda: len(reader.names) == 2)
    async with administration(fleet.nats.url, fleet.nats.passwords[PROVISIONER]) as jetstream:
        name = subscriber("workflow-registry", NodeFact).name
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
    close = await registry.consume(NodeFact, reader)
    await send(scheduler, "a", "b")
    await eventually(lambda: reader.names == ["a"])
    closing = asyncio.ensure_future(close())
    await asyncio.sleep(0)
    go_on.set()
    await closing

    following = Reader()
    await registry.consume(NodeFact, following)
    await eventually(lambda: following.names == ["b"])
    assert reader.names == ["a"]


async def test_an_idle_subscriber_stops_at_once_and_the_bus_drains(fleet: Fleet) -> None:
    password = fleet.nats.passwords["workflow-registry"]
    async with Bus.connect(
        fleet.nats.url, service="workflow-registry", password=password
    ) as registry:
        await registry.consume(NodeFact, Reader())
        await asyncio.sleep(0.2)  # until it waits for a message
        started = asyncio.get_running_loop().time()
    assert asyncio.get_running_loop().time() - started < 2


async def test_nothing_is_lost_over_a_restart_of_nats(fleet: Fleet) -> None:
    scheduler, registry = await fleet.bus("scheduler"), await fleet.bus("workflow-registry")
    reader, published = Reader(), list[str]()
    stop = asyncio.Event()

    async def keep_publishing() -> None:
        while not stop.is_set():
            name = f"n{len(published)}"
            message = event(a_fact(name))
            while True:
                with suppress(TimeoutError, OSError):
                    await publish(scheduler, [message])
                    break
            published.append(name)
            await asyncio.sleep(0.005)

    await registry.consume(NodeFact, reader, policy=HASTY)
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
    await registry.consume(NodeFact, reader)
    await send(scheduler, "a")
    await eventually(lambda: reader.names == ["a"])
    async with administration(fleet.nats.url, fleet.nats.passwords[PROVISIONER]) as jetstream:
        name = subscriber("workflow-registry", NodeFact).name
        await jetstream.delete_consumer(EVENTS_STREAM, name)
    await send(scheduler, "b")
    await eventually(lambda: reader.names[-1] == "b")


async def test_only_a_service_that_the_class_names_may_consume(fleet: Fleet) -> None:
    media, registry = await fleet.bus("media"), await fleet.bus("workflow-registry")
    with pytest.raises(TypeError, match="NodeFact does not name media"):
        await media.consume(NodeFact, Reader())
    for event_class in (NodeJoined, JobFact):
        with pytest.raises(TypeError, match="does not name workflow-registry"):
            await registry.consume(event_class, Reader())  # pyright: ignore[reportArgumentType]

"""Events that cannot be handled, against a real NATS: set aside, listed and replayed."""

import asyncio
from datetime import UTC, datetime

import pytest
from prometheus_client import REGISTRY

from contracts.errors import ConflictError, InvalidError, NotFoundError, UnavailableError
from contracts.scheduler.node_events import NodeAdded, NodeEvent
from contracts.topology import EVENTS_STREAM, RETRIES_STREAM
from contracts.values import new_id
from runtime.bus.client import Bus
from runtime.bus.dead_letters import DeadLetter, store
from runtime.bus.delivery import DeliveryPolicy
from runtime.bus.nats_config import PROVISIONER
from runtime.bus.replays import replay, replay_all
from runtime.outbox.messages import Outgoing
from runtime.outbox.relay import publish
from runtime.provision import administration
from runtime.testing.ports import eventually

from .fleet import HASTY, Fleet, Reader, send


async def test_an_event_under_which_subscribers_die_is_poison(fleet: Fleet) -> None:
    scheduler, end = await fleet.bus("scheduler"), asyncio.Event()

    async def wait(_name: str) -> None:
        await end.wait()

    await send(scheduler, "poison")
    for _ in range(HASTY.max_deliveries):
        reader = Reader(wait)
        registry = await fleet.bus("workflow-registry")
        await registry.consume(NodeEvent, reader, policy=HASTY)
        await eventually(lambda reader=reader: reader.names == ["poison"])
        await sever(registry)
    reader = Reader()
    registry = await fleet.bus("workflow-registry")
    await registry.consume(NodeEvent, reader, policy=HASTY)
    await send(scheduler, "next")
    await eventually(lambda: reader.names == ["next"])
    assert [stored.code for stored in await fleet.letters()] == ["never_settled"]
    end.set()


async def sever(bus: Bus) -> None:
    """End the connection as a crash does: nothing that is being handled is settled."""
    await bus._client.close()  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]


async def test_a_bug_is_tried_again_then_set_aside_as_a_record(fleet: Fleet) -> None:
    scheduler, registry = await fleet.bus("scheduler"), await fleet.bus("workflow-registry")

    async def fail(name: str) -> None:
        if name == "bad":
            raise KeyError(name)

    reader = Reader(fail)
    await registry.consume(NodeEvent, reader, policy=HASTY)
    await send(scheduler, "bad", "good")
    await eventually(lambda: reader.names == ["bad"] * 3 + ["good"])
    sample = {"subscriber": "workflow-registry-NodeEvent"}
    assert REGISTRY.get_sample_value("comfyfleet_dead_letters_total", sample)
    [letter] = await fleet.letters()
    assert (letter.service, letter.event_class) == ("workflow-registry", "NodeEvent")
    assert (letter.kind, letter.code, letter.message) == ("bug", "KeyError", "'bad'")
    assert letter.deliveries == 3
    assert NodeAdded.decode(letter.subject, letter.body).name == "bad"


async def test_a_replayed_event_is_handled_or_set_aside_again(fleet: Fleet) -> None:
    scheduler, registry = await fleet.bus("scheduler"), await fleet.bus("workflow-registry")
    broken = True

    async def fail(_name: str) -> None:
        if broken:
            raise InvalidError("no")

    reader = Reader(fail)
    await registry.consume(NodeEvent, reader, policy=HASTY)
    await send(scheduler, "bad")
    await eventually(fleet.has_letter)
    [first] = await fleet.letters()
    async with administration(fleet.nats.url, fleet.nats.passwords[PROVISIONER]) as jetstream:
        await replay(jetstream, first.number)
        await eventually(fleet.has_letter)
        [again] = await fleet.letters()
        assert (again.number, again.subject) == (first.number + 1, first.subject)

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
    await registry.consume(NodeEvent, reader, policy=HASTY)
    await send(scheduler, "a")
    await eventually(fleet.has_letter)
    [stored] = await fleet.letters()
    assert (stored.kind, stored.code) == (kind.kind, "unwanted")
    assert reader.names == ["a"]


async def test_an_unavailable_handler_gets_the_event_until_it_is_available(fleet: Fleet) -> None:
    scheduler, registry = await fleet.bus("scheduler"), await fleet.bus("workflow-registry")
    reader = Reader()

    async def be_away(_name: str) -> None:
        if len(reader.names) < 3:
            raise UnavailableError("the database does not answer", retry_in=0.01)

    reader.behavior = be_away
    policy = DeliveryPolicy(ack_wait_seconds=1.0, pauses_seconds=())
    await registry.consume(NodeEvent, reader, policy=policy)
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
    await registry.consume(NodeEvent, Reader(be_away), policy=policy)
    await send(scheduler, "a")
    await eventually(fleet.has_letter)
    assert (await fleet.letters())[0].kind == "unavailable"


async def test_restarts_during_an_outage_do_not_bury_an_event(fleet: Fleet) -> None:
    scheduler = await fleet.bus("scheduler")

    async def be_away(_name: str) -> None:
        raise UnavailableError("the database does not answer")

    await send(scheduler, "a")
    policy = DeliveryPolicy(pauses_seconds=(0.05,))
    for _ in range(3):
        reader, registry = Reader(be_away), await fleet.bus("workflow-registry")
        close = await registry.consume(NodeEvent, reader, policy=policy)
        await eventually(lambda reader=reader: reader.names == ["a"])
        await close()
    errors = [KeyError("once")]

    async def fail_once(_name: str) -> None:
        while errors:
            raise errors.pop()

    reader, registry = Reader(fail_once), await fleet.bus("workflow-registry")
    await registry.consume(NodeEvent, reader, policy=policy)
    await eventually(lambda: reader.names == ["a", "a"])
    assert await fleet.letters() == []


async def test_a_class_that_comes_with_a_newer_version_waits_as_a_dead_letter(
    fleet: Fleet,
) -> None:
    scheduler, registry = await fleet.bus("scheduler"), await fleet.bus("workflow-registry")
    async with administration(fleet.nats.url, fleet.nats.passwords[PROVISIONER]) as jetstream:
        await jetstream.publish("event.node.repainted.v1.x", b"{}")
    reader = Reader()
    await registry.consume(NodeEvent, reader, policy=HASTY)
    await send(scheduler, "good")
    await eventually(lambda: reader.names == ["good"])
    [letter] = await fleet.letters()
    assert (letter.code, letter.subject) == ("unknown_class", "event.node.repainted.v1.x")


async def test_the_largest_event_is_set_aside_and_replayed_whole_with_its_trace(
    fleet: Fleet,
) -> None:
    scheduler, registry = await fleet.bus("scheduler"), await fleet.bus("workflow-registry")
    body, trace = '"' * (scheduler.largest_bytes - 2048), {"traceparent": "00-" + "a" * 52}
    await publish(scheduler, [Outgoing("event.node.added.v1.x", body, "an-id", trace)])
    await registry.consume(NodeEvent, Reader(), policy=HASTY)
    await eventually(fleet.has_letter)
    async with administration(fleet.nats.url, fleet.nats.passwords[PROVISIONER]) as jetstream:
        for number in (1, 2):
            [letter] = await fleet.letters()
            assert (letter.number, letter.body, letter.trace) == (number, body.encode(), trace)
            await replay(jetstream, number)
            await eventually(fleet.has_letter)


async def test_a_letter_to_a_subscriber_that_is_gone_is_kept(fleet: Fleet) -> None:
    letter = DeadLetter(
        service="workflow-registry",
        event_class="OldFact",
        subject="event.node.added.v1.x",
        kind="bug",
        code="KeyError",
        message="“no”\n",
        deliveries=1,
        died_at=datetime.now(UTC),
        stream=EVENTS_STREAM,
        sequence=1,
        trace={},
    )
    async with administration(fleet.nats.url, fleet.nats.passwords[PROVISIONER]) as jetstream:
        await store(jetstream, letter, b"{}")
        with pytest.raises(ConflictError, match="does not consume OldFact"):
            await replay(jetstream, 1)
        assert [one async for one in replay_all(jetstream)] == []
    [kept] = await fleet.letters()
    assert kept.message == letter.message


async def test_a_malformed_event_is_set_aside(fleet: Fleet) -> None:
    scheduler, registry = await fleet.bus("scheduler"), await fleet.bus("workflow-registry")
    reader = Reader()
    bodies = {f"event.node.added.v1.{n}": body for n, body in enumerate(("{", "[]", '"é', "{}"))}
    messages = [Outgoing(subject, body, str(new_id())) for subject, body in bodies.items()]
    await publish(scheduler, messages)
    await registry.consume(NodeEvent, reader, policy=HASTY)
    await send(scheduler, "good")
    await eventually(lambda: reader.names == ["good"])
    letters = await fleet.letters()
    assert {letter.subject: letter.body.decode() for letter in letters} == bodies
    assert {(letter.kind, letter.code) for letter in letters} == {("invalid", "malformed")}

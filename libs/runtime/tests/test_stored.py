import asyncio
from contextlib import AsyncExitStack, suppress
from datetime import UTC, datetime
from uuid import UUID

import pytest

from contracts.errors import NotFoundError, UnavailableError
from contracts.scheduler.job_events import JobCanceled
from contracts.scheduler.jobs import JobStatus
from contracts.scheduler.nodes import Device, NodeEntry
from contracts.services import NODES
from contracts.values import new_id
from runtime.bus import event_stream
from runtime.bus.bucket import KeptValues, Mirror, read_value
from runtime.bus.client import Bus
from runtime.outbox.messages import delete, event, put
from runtime.outbox.relay import publish
from runtime.testing.ports import eventually
from runtime.testing.servers import NatsServer


def a_node(node_id: UUID) -> NodeEntry:
    return NodeEntry(node_id=node_id, name="n", base_url="http://127.0.0.1:1")


def an_event(version: int = 1) -> JobCanceled:
    return JobCanceled(
        job_id=new_id(),
        owner_id=new_id(),
        status=JobStatus.CANCELED,
        workflow="resize@1",
        version=version,
        occurred_at=datetime.now(UTC),
    )


async def connected(stack: AsyncExitStack, nats: NatsServer) -> tuple[Bus, Bus, Bus]:
    scheduler, agent, gateway = [
        await stack.enter_async_context(
            Bus.connect(nats.url, service=name, password=nats.passwords[name])
        )
        for name in ("scheduler", "node-agent", "gateway")
    ]
    return scheduler, agent, gateway


async def test_a_mirror_follows_what_the_owner_puts_and_deletes(nats: NatsServer) -> None:
    async with AsyncExitStack() as stack:
        scheduler, agent, _ = await connected(stack, nats)
        before, after = str(new_id()), str(new_id())
        await publish(scheduler, [put(NODES, before, a_node(UUID(before)))])
        mirror = Mirror(NODES, NodeEntry)
        following = asyncio.create_task(mirror.follow(agent))

        await asyncio.wait_for(mirror.ready.wait(), 5)
        assert mirror.entries[before].name == "n"
        await publish(scheduler, [put(NODES, after, a_node(UUID(after))), delete(NODES, before)])
        await eventually(lambda: after in mirror.entries and before not in mirror.entries)
        following.cancel()


async def test_a_mirror_of_an_empty_selection_is_ready(nats: NatsServer) -> None:
    async with AsyncExitStack() as stack:
        _, agent, _ = await connected(stack, nats)
        mirror = Mirror(NODES, NodeEntry, "nothing.here")
        following = asyncio.create_task(mirror.follow(agent))

        await asyncio.wait_for(mirror.ready.wait(), 5)
        assert mirror.entries == {}
        following.cancel()


async def test_single_values_are_read_on_demand(nats: NatsServer) -> None:
    async with AsyncExitStack() as stack:
        scheduler, agent, _ = await connected(stack, nats)
        key = str(new_id())
        await publish(scheduler, [put(NODES, key, a_node(UUID(key)))])

        stored = await read_value(agent, NODES, key)
        assert stored
        assert NodeEntry.model_validate_json(stored).node_id == UUID(key)
        assert await read_value(agent, NODES, "unknown") is None


async def test_a_value_that_never_changes_is_read_once(nats: NatsServer) -> None:
    async with AsyncExitStack() as stack:
        scheduler, agent, _ = await connected(stack, nats)
        key, kept = str(new_id()), KeptValues(agent, NODES, NodeEntry, "", 8)
        with pytest.raises(NotFoundError, match="is not published"):
            await kept.read(key)
        await publish(scheduler, [put(NODES, key, a_node(UUID(key)))])
        first = await kept.read(key)
        await publish(scheduler, [delete(NODES, key)])
        assert await kept.read(key) is first


async def test_a_value_of_a_newer_format_is_unavailable(nats: NatsServer) -> None:
    async with AsyncExitStack() as stack:
        scheduler, agent, _ = await connected(stack, nats)
        key = str(new_id())
        await publish(scheduler, [put(NODES, key, Device(name="of another shape"))])
        with pytest.raises(UnavailableError, match="too old") as refusal:
            await KeptValues(agent, NODES, NodeEntry, "", 8).read(key)
        assert refusal.value.code == "unreadable_value"


async def test_events_come_in_order_from_any_sequence_and_once(nats: NatsServer) -> None:
    async with AsyncExitStack() as stack:
        scheduler, _, gateway = await connected(stack, nats)
        facts = [an_event(version) for version in (1, 2, 3)]
        live = event_stream.follow(gateway)
        first = asyncio.ensure_future(anext(live))
        await asyncio.sleep(0.3)  # the subscription has no sign of being in place
        await publish(scheduler, [event(fact) for fact in [*facts, facts[0]]])

        start = (await asyncio.wait_for(first, 5)).position.sequence
        again = event_stream.follow(gateway, start - 1)
        seen = [await asyncio.wait_for(anext(again), 5) for _ in facts]
        assert [stored.position.sequence for stored in seen] == [start, start + 1, start + 2]
        decoded = [JobCanceled.decode(stored.subject, stored.body) for stored in seen]
        assert [fact.job_id for fact in decoded] == [fact.job_id for fact in facts]


async def test_followers_and_events_survive_a_killed_server(nats: NatsServer) -> None:
    async with AsyncExitStack() as stack:
        scheduler, agent, gateway = await connected(stack, nats)
        mirror = Mirror(NODES, NodeEntry)
        following = asyncio.create_task(mirror.follow(agent))
        seen = list[UUID]()

        async def listen() -> None:
            async for stored in event_stream.follow(gateway):
                seen.append(JobCanceled.decode(stored.subject, stored.body).job_id)

        listening = asyncio.create_task(listen())
        await asyncio.wait_for(mirror.ready.wait(), 5)
        first = an_event()

        async def heard() -> bool:
            await publish(scheduler, [event(first)])
            return first.job_id in seen

        await eventually(heard)
        nats.kill()
        nats.start()
        buses = (scheduler, agent, gateway)
        await eventually(lambda: all(bus.is_connected for bus in buses))

        key, fact = str(new_id()), an_event()

        async def published() -> bool:
            with suppress(TimeoutError):
                await publish(scheduler, [event(fact), put(NODES, key, a_node(UUID(key)))])
                return True
            return False

        await eventually(published)
        await eventually(lambda: key in mirror.entries and fact.job_id in seen)
        following.cancel()
        listening.cancel()

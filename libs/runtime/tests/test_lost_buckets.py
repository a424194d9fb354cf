"""A bucket that is made anew or emptied says nothing until its owner has filled it."""

# nats-py is only partly typed; see client.py.
# pyright: reportUnknownMemberType=false

import asyncio
from contextlib import AsyncExitStack

import pytest

from contracts.scheduler.nodes import NodeEntry
from contracts.services import NODES
from contracts.values import new_id
from runtime.bus import bucket, ordered
from runtime.bus.bucket import Mirror
from runtime.bus.nats_config import PROVISIONER
from runtime.outbox.messages import delete
from runtime.outbox.relay import publish
from runtime.provision import administration, provision_nats
from runtime.testing.ports import eventually
from runtime.testing.servers import NatsServer

from .fleet import Fleet
from .test_followers import BUCKET, a_put, spawn, stack

__all__ = ["stack"]


@pytest.fixture(autouse=True)
def _hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look at the bucket often."""
    monkeypatch.setattr(ordered, "RENEW_SECONDS", 0.1)
    monkeypatch.setattr(ordered, "POLL_SECONDS", 0.1)


async def test_a_reader_keeps_what_a_lost_bucket_held_until_its_owner_has_filled_it(
    fleet: Fleet, server: NatsServer, stack: AsyncExitStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    scheduler, agent = await fleet.bus("scheduler"), await fleet.bus("node-agent")
    lost, old, new, removed = asyncio.Event(), new_id(), new_id(), new_id()
    owner = Mirror(NODES, NodeEntry, is_owner=True, on_loss=lost.set)
    reader = Mirror(NODES, NodeEntry)
    spawn(stack, owner.follow(scheduler))
    spawn(stack, reader.follow(agent))
    await publish(scheduler, [a_put(old), a_put(removed)])
    await eventually(lambda: len(reader.entries) == 2 == len(owner.entries))
    password = server.passwords[PROVISIONER]
    async with administration(server.url, password) as jetstream:
        await jetstream.delete_stream(BUCKET)
    await provision_nats(server.url, password)

    async with asyncio.timeout(30):
        await lost.wait()
    await eventually(lambda: not owner.entries)
    await publish(scheduler, [delete(NODES, str(removed)), a_put(new)])
    await eventually(lambda: reader.entries.keys() == {str(old), str(new)})
    assert list(owner.entries) == [str(new)]
    monkeypatch.setattr(bucket, "LOST_SECONDS", 0.0)
    await eventually(lambda: list(reader.entries) == [str(new)])


async def test_an_emptied_bucket_is_a_lost_one(
    fleet: Fleet, server: NatsServer, stack: AsyncExitStack
) -> None:
    scheduler, agent = await fleet.bus("scheduler"), await fleet.bus("node-agent")
    lost, noticed = asyncio.Event(), asyncio.Event()
    reader = Mirror(NODES, NodeEntry, on_loss=noticed.set)
    spawn(stack, Mirror(NODES, NodeEntry, is_owner=True, on_loss=lost.set).follow(scheduler))
    spawn(stack, reader.follow(agent))
    await publish(scheduler, [a_put(new_id())])
    await eventually(lambda: bool(reader.entries))
    async with administration(server.url, server.passwords[PROVISIONER]) as jetstream:
        await jetstream.purge_stream(BUCKET)
    agent._renew()  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]  (as after a reconnect)

    async with asyncio.timeout(30):
        await lost.wait()
        await noticed.wait()
    await publish(scheduler, [a_put(new_id())])
    await eventually(lambda: len(reader.entries) == 2)


async def test_a_loss_is_told_when_the_owner_sees_what_is_left(
    fleet: Fleet, server: NatsServer, stack: AsyncExitStack
) -> None:
    scheduler, seen = await fleet.bus("scheduler"), list[list[str]]()
    owner = Mirror(
        NODES, NodeEntry, is_owner=True, on_loss=lambda: seen.append(sorted(owner.entries))
    )
    spawn(stack, owner.follow(scheduler))
    await publish(scheduler, [a_put(new_id())])
    await eventually(lambda: bool(owner.entries))
    async with administration(server.url, server.passwords[PROVISIONER]) as jetstream:
        await jetstream.purge_stream(BUCKET)

    await eventually(lambda: bool(seen))
    assert seen[0] == []


async def test_an_emptied_bucket_is_lost_to_followers_that_saw_only_the_next_value(
    fleet: Fleet,
    server: NatsServer,
    stack: AsyncExitStack,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(ordered, "RENEW_SECONDS", 60.0)
    scheduler, agent = await fleet.bus("scheduler"), await fleet.bus("node-agent")
    lost, noticed, old, new = asyncio.Event(), asyncio.Event(), new_id(), new_id()
    owner = Mirror(NODES, NodeEntry, is_owner=True, on_loss=lost.set)
    reader = Mirror(NODES, NodeEntry, on_loss=noticed.set)
    spawn(stack, owner.follow(scheduler))
    spawn(stack, reader.follow(agent))
    await publish(scheduler, [a_put(old)])
    await eventually(lambda: bool(owner.entries and reader.entries))
    async with administration(server.url, server.passwords[PROVISIONER]) as jetstream:
        await jetstream.purge_stream(BUCKET)
    await publish(scheduler, [a_put(new)])
    await eventually(lambda: len(owner.entries) == 2 == len(reader.entries))

    for bus in (scheduler, agent):
        bus._renew()  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]  (as after a reconnect)
    async with asyncio.timeout(30):
        await lost.wait()
        await noticed.wait()
    assert (list(owner.entries), len(reader.entries)) == ([str(new)], 2)

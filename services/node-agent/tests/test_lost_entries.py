"""A bucket that is empty, made anew or of a newer format stops nothing that runs."""

# nats-py is only partly typed.
# pyright: reportUnknownMemberType=false

from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import TypeAlias

import nats as nats_client
import pytest
from nats.aio.client import Client

from contracts.agent import Outcome
from contracts.errors import ConflictError, OperationError, UnavailableError
from contracts.scheduler.nodes import ClaimedNode
from contracts.services import NODES
from contracts.values import new_id
from node_agent.handlers import claims
from runtime.bus.nats_config import PROVISIONER
from runtime.provision import provision_nats
from runtime.testing.ports import eventually
from runtime.testing.servers import NatsServer

from .fleet import Fleet, an_order, put
from .graphs import slow_steps

Harm: TypeAlias = Callable[[Fleet, ClaimedNode], Awaitable[None]]


async def make_bucket_anew(fleet: Fleet, entry: ClaimedNode) -> None:  # noqa: ARG001
    password = fleet.nats.passwords[PROVISIONER]
    client: Client = await nats_client.connect(fleet.nats.url, user=PROVISIONER, password=password)
    await client.jetstream().delete_stream(f"KV_{NODES.name}")
    await client.close()
    await provision_nats(fleet.nats.url, password)


async def write_unreadable_value(fleet: Fleet, entry: ClaimedNode) -> None:
    newer = entry.model_copy(update={"engine": "of a newer kind, with spaces"})
    await put(fleet.scheduler, NODES.name, str(entry.node_id), newer.model_dump_json())


async def delete_entry(fleet: Fleet, entry: ClaimedNode) -> None:
    await (await fleet.scheduler.jetstream.key_value(NODES.name)).delete(str(entry.node_id))


def read_again(nats: NatsServer) -> None:
    """Every mirror reads its bucket from the beginning when its connection is back."""
    nats.kill()
    nats.start()


@pytest.mark.parametrize("harm", [make_bucket_anew, write_unreadable_value])
async def test_a_running_attempt_outlives_its_nodes_entry(
    fleet: Fleet, engine_url: str, harm: Harm
) -> None:
    order = an_order(await fleet.publish(slow_steps(steps=2_000, seconds_per_step=0.05)))
    entry = await fleet.add_node(engine_url)
    newer = entry.model_copy(update={"node_id": new_id(), "base_url": "http://127.0.0.1:1"})

    async def is_published() -> bool:
        with suppress(TimeoutError):
            await fleet.wish(newer)
            return True
        return False

    async with fleet.agent():
        await fleet.ready(entry)
        await fleet.run(entry, order)
        await eventually(lambda: any(seen.progress.step for seen in fleet.progress))
        await harm(fleet, entry)
        read_again(fleet.nats)
        await eventually(lambda: fleet.scheduler.is_connected)
        await eventually(is_published, 30)
        await fleet.sees(newer, lambda beat: not beat.is_reachable)  # the bucket was read
        await fleet.sees(entry, lambda beat: bool(beat.attempts))
        await fleet.cancel(entry, order.attempt_id)
        end = await fleet.outcome(order)

    assert end.outcome is Outcome.CANCELED


@pytest.mark.parametrize("kind", [ConflictError, UnavailableError])
async def test_a_running_attempt_outlives_its_nodes_entry_and_row(
    fleet: Fleet, engine_url: str, kind: type[OperationError], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The scheduler cannot read the row; a release before this one says so as another kind."""
    monkeypatch.setattr(claims, "ASK_AGAIN_SECONDS", 0.1)
    order = an_order(await fleet.publish(slow_steps(steps=2_000, seconds_per_step=0.05)))
    entry = await fleet.add_node(engine_url)
    async with fleet.agent():
        await fleet.ready(entry)
        await fleet.run(entry, order)
        fleet.claim_refusals[entry.node_id] = kind("not readable", code="node_unreadable")
        asked = fleet.asked[entry.node_id]
        await delete_entry(fleet, entry)
        await eventually(lambda: fleet.asked[entry.node_id] > asked + 1, 10)
        await fleet.sees(entry, lambda beat: bool(beat.attempts))
        await fleet.cancel(entry, order.attempt_id)
        end = await fleet.outcome(order)

    assert end.outcome is Outcome.CANCELED


async def test_a_node_without_entry_that_another_agent_has_is_left_to_it(
    fleet: Fleet, engine_url: str
) -> None:
    entry = await fleet.add_node(engine_url)
    async with fleet.agent():
        await fleet.ready(entry)
        asked = fleet.asked[entry.node_id]
        claimed = ConflictError("a living agent has the node", code="claimed")
        fleet.claim_refusals[entry.node_id] = claimed
        await delete_entry(fleet, entry)
        await eventually(lambda: fleet.asked[entry.node_id] > asked)
        del fleet.claim_refusals[entry.node_id]
        await fleet.wish(entry)
        # it is claimed anew, so the first claim has ended
        await eventually(lambda: fleet.asked[entry.node_id] > asked + 1, 10)

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
from contracts.scheduler.nodes import ClaimedNode
from contracts.services import NODES
from contracts.values import new_id
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

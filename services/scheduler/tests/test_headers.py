"""A node's headers may be credentials: the answer to a claim has them, and the bucket does not."""

from collections.abc import AsyncGenerator
from uuid import UUID

import asyncpg
import pytest

from contracts.scheduler.claims import ClaimNode, ClaimView
from contracts.scheduler.nodes import NewNode, NodeEntry, NodeView
from contracts.services import NODES
from contracts.topology import stream_of
from contracts.values import new_id
from runtime.bus import ordered
from runtime.bus.bucket import key_prefix, read_value
from runtime.bus.client import Bus
from runtime.testing.ports import eventually
from runtime.testing.servers import NatsServer

from .fleet import Schedulers, an_added_node

KEY, NEWER_KEY = "a-key-of-the-proxy", "a-newer-key"
AGENT = new_id()


@pytest.fixture
async def owner(nats: NatsServer) -> AsyncGenerator[Bus, None]:
    """A connection that may write the bucket, as the scheduler's."""
    password = nats.passwords["scheduler"]
    async with Bus.connect(nats.url, service="scheduler", password=password) as bus:
        yield bus


async def add_node(gateway: Bus) -> NodeView:
    command = an_added_node()
    node = NewNode.model_validate(command.node.model_dump() | {"headers": {"X-Key": KEY}})
    return await gateway.call(command.model_copy(update={"node": node}), within=15)


async def claim(agents: Bus, node_id: UUID) -> ClaimView:
    return await agents.call(ClaimNode(agent_id=AGENT, node_id=node_id), within=15)


async def published(agents: Bus, node_id: UUID) -> NodeEntry | None:
    value = await read_value(agents, NODES, str(node_id))
    return NodeEntry.model_validate_json(value) if value else None


async def values(agents: Bus) -> list[bytes]:
    """Return every value that the bucket holds."""
    pattern = key_prefix(NODES) + ">"
    subscription = await ordered.subscribe(agents, stream_of(NODES), pattern, None)
    found = [message.data async for message in ordered.read_stored(subscription)]
    assert found
    return found


async def test_only_the_answer_to_a_claim_has_the_headers(
    schedulers: Schedulers, gateway: Bus, agents: Bus
) -> None:
    schedulers.start()
    node = await add_node(gateway)
    view = await claim(agents, node.id)

    async def is_claimed() -> bool:
        entry = await published(agents, node.id)
        return entry is not None and entry.claim == view.claim

    await eventually(is_claimed)
    entry = await published(agents, node.id)
    assert view.node.headers == {"X-Key": KEY}
    assert entry
    assert entry.headers_digest == view.node.headers_digest != ""
    assert [value for value in await values(agents) if KEY.encode() in value] == []


async def test_a_changed_header_changes_the_entry_and_the_answer_to_the_next_claim(
    schedulers: Schedulers, gateway: Bus, agents: Bus
) -> None:
    schedulers.start()
    node = await add_node(gateway)
    before = await claim(agents, node.id)
    schedulers.kill_all()
    connection = await asyncpg.connect(schedulers.database_url)
    await connection.execute(
        "UPDATE nodes SET spec = replace(spec::text, $1, $2)::json", KEY, NEWER_KEY
    )
    await connection.close()
    schedulers.start()

    async def is_changed() -> bool:
        entry = await published(agents, node.id)
        return entry is not None and entry.headers_digest != before.node.headers_digest

    await eventually(is_changed, 20)
    after, entry = await claim(agents, node.id), await published(agents, node.id)
    assert entry
    assert after.node.headers == {"X-Key": NEWER_KEY}
    assert (after.claim, after.node.headers_digest) == (before.claim, entry.headers_digest)


async def test_a_value_of_an_earlier_release_is_read_and_replaced(
    schedulers: Schedulers, gateway: Bus, agents: Bus, owner: Bus
) -> None:
    schedulers.start()
    node = await add_node(gateway)
    view = await claim(agents, node.id)
    schedulers.kill_all()
    earlier = view.node.model_dump_json(exclude={"headers_digest"})
    store = await owner.jetstream.key_value(NODES.name)
    await store.put(str(node.id), earlier.encode())
    read = await published(agents, node.id)
    assert KEY in earlier
    assert read
    assert (read.node_id, read.headers_digest) == (node.id, "")
    schedulers.start()

    async def is_replaced() -> bool:
        entry = await published(agents, node.id)
        return entry is not None and entry.headers_digest == view.node.headers_digest

    await eventually(is_replaced, 20)
    assert [value for value in await values(agents) if KEY.encode() in value] == []

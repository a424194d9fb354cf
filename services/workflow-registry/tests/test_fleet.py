"""The registry's view of the fleet over ports in memory."""

from datetime import datetime, timedelta
from uuid import uuid4

import pytest

from contracts.errors import UnavailableError
from contracts.registry.requests import FindCoverage
from contracts.registry.workflows import ModelFolder
from contracts.scheduler.node_events import NodeJoined
from runtime import clock
from workflow_registry.handlers.fleet import prune_descriptions, refresh_fleet, watch_fleet
from workflow_registry.handlers.workflows import find_coverage

from .builders import CLASSES, a_description, a_node, an_actor
from .fakes import NOW, FakeRegistry
from .test_workflows import push


async def test_coverage_is_worked_out_once_for_each_kind_of_server() -> None:
    able, packed = a_description()
    unable, other = a_description(
        {name: info for name, info in CLASSES.items() if name == "SaveImage"}
    )
    nodes = a_node(able, name="a"), a_node(able, name="b"), a_node(unable, name="c")
    fake = FakeRegistry(*nodes, **{able: packed, unable: other})
    registry = fake.service
    registry.fleet_changed.set()
    await watch_fleet(registry)

    view = await push(registry)
    await find_coverage(registry, FindCoverage(actor=an_actor(), version_hash=view.hash))

    assert [(node.name, node.is_runnable) for node in view.coverage.nodes] == [
        ("a", True),
        ("b", True),
        ("c", False),
    ]
    assert view.coverage.nodes[2].unmet[0].name == "EmptyImage"
    assert fake.descriptions.reads == 2


async def test_a_server_of_an_unknown_engine_is_stored_and_not_described() -> None:
    digest, packed = a_description(engine="other")
    fake = FakeRegistry(a_node(digest), **{digest: packed})
    fake.service.fleet_changed.set()
    await watch_fleet(fake.service)
    view = await push(fake.service)
    await prune_descriptions(fake.service)

    [node] = view.coverage.nodes
    assert (node.is_described, node.is_runnable, view.coverage.is_runnable) == (False, False, None)
    assert not fake.bucket.servers
    assert await fake.descriptions.known([digest]) == {digest}


async def test_the_list_says_who_can_run_as_nodes_come_and_go() -> None:
    digest, packed = a_description(models={"loras": ["film.safetensors"]})
    fake = FakeRegistry(a_node(digest), **{digest: packed})
    await push(fake.service, active=True)

    async def look() -> bool | None:
        fake.service.fleet_changed.set()
        await watch_fleet(fake.service)
        return fake.workflows.workflows["solid"].is_runnable

    assert await look() is True
    assert fake.bucket.models == [ModelFolder(folder="loras", names=["film.safetensors"])]
    assert [(server.digest, server.classes.keys()) for server in fake.bucket.servers] == [
        (digest, {"EmptyImage", "SaveImage"})
    ]
    fake.nodes.views = [a_node(None)]
    assert await look() is None


async def test_a_hundred_node_events_are_one_look_at_the_fleet() -> None:
    fake = FakeRegistry(a_node(None))
    for version in range(1, 101):
        await refresh_fleet(fake.service, a_joined(version, clock.now() - timedelta(seconds=1)))
    assert fake.service.fleet.nodes == fake.nodes.views
    assert fake.nodes.looks == 1
    await refresh_fleet(fake.service, a_joined(101, clock.now()))
    assert fake.nodes.looks == 2


async def test_a_node_event_waits_while_the_fleet_cannot_be_read() -> None:
    fake = FakeRegistry(a_node(None))
    fake.nodes.error = UnavailableError("the scheduler does not answer")
    with pytest.raises(UnavailableError):
        await refresh_fleet(fake.service, a_joined(1, NOW))
    fake.nodes.error = None
    await refresh_fleet(fake.service, a_joined(1, NOW))
    assert fake.service.fleet.nodes == fake.nodes.views


def a_joined(version: int, occurred_at: datetime) -> NodeJoined:
    return NodeJoined(node_id=uuid4(), name="a", version=version, occurred_at=occurred_at)

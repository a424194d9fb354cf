"""An agent names the nodes of its machine: its own servers, and those that others run there."""

from uuid import UUID

import pytest
from structlog.testing import capture_logs

from contracts.errors import ConflictError
from contracts.message import Accepted
from contracts.scheduler.claims import AnnounceNode
from contracts.scheduler.nodes import NodeSettings
from contracts.values import new_id
from node_agent.domain.announcements import announcements
from node_agent.domain.managed import ManagedServer
from node_agent.handlers import announcements as handlers
from runtime.testing.ports import eventually

from ..fleet import Fleet  # noqa: TID252  shared by these tests alone
from ..managed import adding  # noqa: TID252  shared by these tests alone

FIRST, SECOND = "http://127.0.0.1:8188", "http://127.0.0.1:8189"


def test_each_address_is_a_node_of_the_machine() -> None:
    [one] = announcements(f"{FIRST}/", "box", "fast", [])
    both = announcements(f" {FIRST}, {SECOND},", "box", "fast", [])
    shown = [(c.node.name, c.node.base_url, c.node.machine, c.node.pool) for c in both]

    assert (one.node.name, one.is_managed) == ("box", False)
    assert shown == [("box-8188", FIRST, "box", "fast"), ("box-8189", SECOND, "box", "fast")]
    assert [one.node_id] == [c.node_id for c in both[:1]]
    assert announcements("", "box", "fast", []) == []


def test_its_own_servers_are_managed() -> None:
    node = NodeSettings(name="box", base_url=FIRST, machine="box")
    server = ManagedServer(new_id(), node, log=lambda _: [])
    [own, other] = announcements(SECOND, "box", "default", [server])

    assert (own.node_id, own.is_managed) == (server.node_id, True)
    assert not other.is_managed


async def test_a_server_that_somebody_else_runs_is_added_and_claimed(
    fleet: Fleet, engine_url: str
) -> None:
    await fleet.scheduler.serve(AnnounceNode, adding(fleet))
    async with fleet.agent(announce_urls=engine_url, machine="box"):
        await eventually(lambda: any(beat.is_reachable for beat in fleet.beats))
    [entry] = fleet.entries.values()

    assert (entry.base_url, entry.machine, entry.name) == (engine_url, "box", "box")


async def test_a_refusal_says_what_to_do_and_is_asked_again(
    fleet: Fleet, engine_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[UUID] = []

    async def answer(command: AnnounceNode) -> Accepted:
        asked.append(command.node_id)
        if len(asked) < 2:
            raise ConflictError("there is a node at this address", code="node_exists")
        return Accepted()

    monkeypatch.setattr(handlers, "AGAIN_SECONDS", 0.0)
    await fleet.scheduler.serve(AnnounceNode, answer)
    with capture_logs() as logs:
        async with fleet.agent(announce_urls=engine_url):
            await eventually(lambda: any(line["event"] == "node_announced" for line in logs))

    [refusal] = [line for line in logs if line["event"] == "node_not_announced"]
    assert "COMFYFLEET_MACHINE" in refusal["remedy"]
    assert len(set(asked)) == 1

"""An agent names the nodes of its machine: its own servers, and those that others run there."""

from uuid import UUID

import pytest
from structlog.testing import capture_logs

from contracts.errors import ConflictError, InvalidError
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


@pytest.mark.parametrize("wrong", ["http://[x", "http://a:b:c", "x", f"http://{'a' * 2_000}"])
def test_what_is_no_address_is_announced_too_for_the_scheduler_to_refuse(wrong: str) -> None:
    found = announcements(f"{wrong},{SECOND}", "box", "fast", [])

    assert [command.node.base_url for command in found] == [wrong, SECOND]
    assert all(command.node.name.startswith("box-") for command in found)


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


async def test_an_address_that_is_none_keeps_no_other_server_from_work(
    fleet: Fleet, engine_url: str
) -> None:
    refused: list[str] = []

    async def answer(command: AnnounceNode) -> Accepted:
        if command.node.base_url == engine_url:
            return await adding(fleet)(command)
        refused.append(command.node.base_url)
        raise InvalidError("base_url: expected an http or https URL", code="bad_url")

    await fleet.scheduler.serve(AnnounceNode, answer)
    async with fleet.agent(announce_urls=f"http://[x,{engine_url}", machine="box"):
        await eventually(lambda: any(beat.is_reachable for beat in fleet.beats))

    assert refused == ["http://[x"]
    assert "COMFYFLEET_ANNOUNCE_URLS" in handlers.REMEDIES["bad_url"]

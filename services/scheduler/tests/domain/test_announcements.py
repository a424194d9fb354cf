"""Agents add the servers that they run themselves, and pause them while they restart."""

from typing import Any

from contracts.message import Accepted
from contracts.scheduler.claims import AnnounceNode, ClaimNode
from contracts.scheduler.jobs import JobStatus
from contracts.scheduler.node_requests import AddNode, ChangeNode, RemoveNode
from contracts.scheduler.nodes import NewNode, NodeChanges, NodePhase, NodeSettings
from contracts.values import new_id
from scheduler.domain.availability import is_in_service, reason_not_free
from scheduler.domain.nodes import ClaimStatus, Node
from scheduler.domain.occurrences import Requested
from scheduler.domain.views import node_phase

from .core import OWNER, Core
from .node_verbs import change, events

URL = "http://127.0.0.1:8188"


def announce(node_id: Any = None, *, is_managed: bool = True, **more: Any) -> AnnounceNode:
    fields: dict[str, Any] = {"name": "box", "base_url": URL, "machine": "box"} | more
    node = NodeSettings(**fields)
    return AnnounceNode(node_id=node_id or new_id(), node=node, is_managed=is_managed)


def paused(core: Core, node: Node, *, is_paused: bool = True, **more: Any) -> None:
    update = {"is_paused": is_paused, "reason": "is warmed up"} | more
    core.say(core.beat(node).model_copy(update=update))


def test_an_announced_server_is_a_node_once() -> None:
    core, first = Core(), announce()
    assert core.ask(first) == Accepted()
    assert [type(event).__name__ for event in core.effects.events] == ["NodeAdded"]
    [entry] = core.effects.node_entries.values()
    assert entry
    assert (entry.machine, entry.is_enabled) == ("box", True)
    assert core.ask(first) == Accepted()
    assert not core.effects.needs_commit
    assert list(core.state.nodes) == [first.node_id]


def test_the_agent_decides_the_pool_and_operators_the_rest() -> None:
    core, first = Core(), announce()
    core.ask(first)
    node = core.state.nodes[first.node_id]
    core.ask(ClaimNode(agent_id=new_id(), node_id=node.id))
    old = node.claim
    assert change(core, node, name="painter", max_queue=5, pool="default").is_managed
    for changes in ({"base_url": "http://127.0.0.1:8190"}, {"pool": "slow", "name": "x"}):
        wanted = NodeChanges.model_validate(changes)
        asked = ChangeNode(actor=OWNER, node_id=node.id, changes=wanted)
        assert core.refusal(asked) == "node_managed"
    core.ask(announce(first.node_id, pool="fast"))
    assert (node.settings.name, node.settings.pool) == ("painter", "fast")
    assert (node.agent_id, node.claim > old, events(core)) == (None, True, ["NodeChanged"])
    assert core.effects.node_entries[node.id]


def test_operators_decide_about_a_server_that_the_agent_does_not_run() -> None:
    core, first = Core(), announce(is_managed=False)
    core.ask(first)
    node = core.state.nodes[first.node_id]
    assert not node.is_managed
    change(core, node, pool="slow", base_url="http://127.0.0.1:8190")
    assert core.ask(first) == Accepted()
    assert not core.effects.needs_commit
    assert (node.settings.pool, node.settings.base_url) == ("slow", "http://127.0.0.1:8190")
    assert core.refusal(announce(first.node_id)) == "node_exists"


def test_a_server_may_get_into_and_out_of_the_hands_of_its_agent() -> None:
    core, first = Core(), announce(is_managed=False)
    core.ask(first)
    node = core.state.nodes[first.node_id]
    for is_managed, pool, expected in ((True, "fast", "fast"), (False, "slow", "fast")):
        core.ask(announce(first.node_id, is_managed=is_managed, pool=pool))
        assert (node.is_managed, node.settings.pool) == (is_managed, expected)
        assert node.id in core.effects.nodes


def test_each_machine_has_a_loopback_of_its_own() -> None:
    core = Core()
    core.ask(announce())
    assert core.ask(announce(machine="other")) == Accepted()
    assert core.refusal(announce()) == "node_exists"
    assert core.refusal(announce(base_url="http://localhost:8188")) == "node_exists"
    shared = announce(base_url="http://10.0.0.9:8188")
    core.ask(shared)
    refused = announce(base_url="http://10.0.0.9:8188", machine="other")
    assert core.refusal(refused) == "node_exists"


def test_an_announcement_takes_no_other_machines_node() -> None:
    core, first = Core(), announce()
    core.ask(first)
    stranger = announce(first.node_id, machine="other")
    assert core.refusal(stranger) == "node_exists"
    added = new_id()
    new = NewNode(name="n", base_url="http://10.0.0.7:8188")
    core.ask(AddNode(actor=OWNER, node_id=added, node=new))
    assert core.refusal(announce(added)) == "node_exists"
    assert core.refusal(announce(first.node_id, base_url="http://127.0.0.1:8190")) == "node_exists"
    assert core.refusal(announce(machine=None)) == "no_machine"
    assert core.refusal(announce(base_url="ftp://x")) == "bad_url"


def test_a_removed_node_comes_back_when_its_agent_starts_again() -> None:
    core, first = Core(), announce()
    core.ask(first)
    node = core.state.nodes[first.node_id]
    core.ask(ClaimNode(agent_id=new_id(), node_id=node.id))
    core.pass_time(60)
    removal = RemoveNode(actor=OWNER, node_id=node.id)
    core.say(Requested(1, removal), Requested(2, first))
    again = core.state.nodes[node.id]
    assert again is not node
    assert (core.effects.removed_nodes, core.effects.nodes) == (set(), {node.id: again})
    assert again.claim > node.claim, "a message of the earlier life counts for nothing"
    assert [fact.version for fact in core.effects.events] == sorted(
        {fact.version for fact in core.effects.events}
    )


def test_a_node_joins_once_its_server_is_warm() -> None:
    core, first = Core(), announce()
    core.ask(first)
    core.ask(ClaimNode(agent_id=new_id(), node_id=first.node_id))
    node = core.state.nodes[first.node_id]
    core.report(node, models=[], vram_mb=8_000)
    paused(core, node)
    job = core.job()
    context = core.read_context()
    assert node_phase(context, node) is NodePhase.JOINING
    assert reason_not_free(context, node) == "is warmed up"
    assert (node.claim_status, job.status) == (ClaimStatus.WANTED, JobStatus.QUEUED)
    paused(core, node, is_paused=False)
    assert node.claim_status is ClaimStatus.JOINED
    assert job.attempt


def test_a_node_whose_server_is_about_to_restart_drains() -> None:
    core = Core()
    node, running = core.node(), core.job()
    attempt = running.attempt
    assert attempt
    waiting = core.job()
    paused(core, node)
    assert node_phase(core.read_context(), node) is NodePhase.DRAINING
    core.finish(attempt)
    paused(core, node)
    paused(core, node, is_reachable=False)
    assert node_phase(core.read_context(), node) is NodePhase.DRAINING
    assert (running.status, waiting.attempt) == (JobStatus.COMPLETED, None)
    paused(core, node)
    assert not is_in_service(core.read_context(), node)
    paused(core, node, is_paused=False)
    assert waiting.attempt
    assert node_phase(core.read_context(), node) is NodePhase.BUSY

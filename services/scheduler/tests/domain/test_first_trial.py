"""A new server gets no job before a trial has shown that it works."""

from typing import Any

from contracts.scheduler.claims import AnnounceNode, ClaimNode, NodeBeat
from contracts.scheduler.jobs import JobStatus
from contracts.scheduler.node_requests import AddNode, ChangeNode
from contracts.scheduler.nodes import NewNode, NodeChanges, NodePhase, NodeSettings
from contracts.values import new_id
from scheduler.domain.nodes import ClaimStatus, Node
from scheduler.domain.views import node_view

from .core import OWNER, Core, a_model, attempt_of

ADDRESS = "http://10.0.0.7:8188"


def added(core: Core) -> Node:
    """Return a node that is claimed, described and reachable, and has not been tried."""
    node_id = new_id()
    new = NewNode(name="n", base_url=ADDRESS)
    core.ask(AddNode(actor=OWNER, node_id=node_id, node=new))
    entry = core.effects.node_entries[node_id]
    assert entry
    assert entry.trial == 1, "it is requested at once"
    return described(core, node_id)


def described(core: Core, node_id: Any) -> Node:
    core.ask(ClaimNode(agent_id=new_id(), node_id=node_id))
    node = core.state.nodes[node_id]
    core.report(node, models=[], vram_mb=8_000)
    return node


def told(core: Core, node: Node, **said: Any) -> list[str]:
    beat = NodeBeat(node_id=node.id, claim=node.claim, is_reachable=True)
    return [type(fact).__name__ for fact in core.say(beat.model_copy(update=said)).events]


def shown(core: Core, node: Node) -> tuple[NodePhase, str | None]:
    view = node_view(core.read_context(), node)
    return view.phase, view.reason


def test_a_new_node_joins_and_gets_its_first_job_once_it_has_passed_a_trial() -> None:
    core = Core()
    node, job = added(core), core.job()

    assert told(core, node) == told(core, node, passed_trial=7) == []
    assert shown(core, node) == (NodePhase.JOINING, "a trial has to succeed on its server first")
    assert told(core, node, passed_trial=node.health.trial) == ["NodeJoined", "JobStarted"]
    assert (job.status, node.health.quarantines) == (JobStatus.RUNNING, 0)
    entry = core.effects.node_entries[node.id]
    assert entry
    assert entry.trial == 0


def test_a_server_that_fails_its_first_trial_never_gets_a_job() -> None:
    core = Core()
    node, job = added(core), core.job()
    core.silent.add(node.id)
    for _ in range(100):
        core.pass_time(1)
        told(core, node, reason="a trial failed: CUDA error")

    assert shown(core, node) == (NodePhase.JOINING, "a trial failed: CUDA error")
    assert (job.attempt, node.claim_status) == (None, ClaimStatus.WANTED)


def test_a_first_trial_behind_other_peoples_work_says_so() -> None:
    core = Core()
    node = added(core)
    told(core, node, foreign_prompts=2)

    reason = "a trial has to succeed on its server first, and waits for 2 foreign prompts there"
    assert shown(core, node) == (NodePhase.JOINING, reason)
    told(core, node, is_reachable=False, reason=f"{ADDRESS} refuses")
    assert shown(core, node) == (NodePhase.JOINING, f"{ADDRESS} refuses")


def test_another_agent_or_a_silence_needs_no_other_trial() -> None:
    core = Core()
    core.node()
    node = core.node(models=[a_model("m")])
    core.silent.add(node.id)
    core.pass_time(6)
    core.ask(ClaimNode(agent_id=new_id(), node_id=node.id))

    assert told(core, node) == ["NodeJoined"]
    assert attempt_of(core.job(models=[a_model("m")])).node_id == node.id


def test_a_server_at_a_new_address_is_tried_first() -> None:
    core = Core()
    node = core.node()
    changes = NodeChanges(base_url="http://10.0.0.9:8188")
    core.ask(ChangeNode(actor=OWNER, node_id=node.id, changes=changes))
    described(core, node.id)
    job = core.job()

    told(core, node)
    assert (job.status, node.health.trial) == (JobStatus.QUEUED, node.version)
    told(core, node, passed_trial=node.health.trial)
    assert job.status is JobStatus.RUNNING


def test_a_server_that_its_agent_runs_is_tried_first() -> None:
    core, node_id = Core(), new_id()
    settings = NodeSettings(name="n", base_url=ADDRESS, machine="box")
    core.ask(AnnounceNode(node_id=node_id, node=settings))
    node, job = described(core, node_id), core.job()

    told(core, node)
    assert job.status is JobStatus.QUEUED
    told(core, node, passed_trial=node.health.trial)
    assert job.status is JobStatus.RUNNING

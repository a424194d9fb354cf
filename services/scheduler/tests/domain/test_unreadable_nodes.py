"""Nodes whose rows cannot be read: lost, shown with the reason, and removable."""

from contracts.agent import Cause
from contracts.message import Accepted
from contracts.scheduler.claims import ClaimNode
from contracts.scheduler.jobs import JobStatus
from contracts.scheduler.node_requests import AddNode, RemoveNode
from contracts.scheduler.nodes import NewNode, NodePhase
from contracts.values import new_id
from scheduler.domain.core import republish
from scheduler.domain.effects import Effects
from scheduler.domain.jobs import Job
from scheduler.domain.node_entries import node_entry
from scheduler.domain.nodes import ClaimStatus, Node, NodeCapabilities
from scheduler.domain.views import node_view

from .core import OWNER, Core, attempt_of


def an_unreadable_node(core: Core) -> tuple[Node, Job]:
    """Return a node as a leader loads it whose row it cannot read, and the job on it."""
    node = core.node()
    job = core.job()
    attempt_of(job).is_inherited = True
    node.is_readable, node.claim_status = False, ClaimStatus.LOST
    node.capabilities = NodeCapabilities()
    core.state.eligibility.forget()
    return node, job


def test_work_on_it_goes_on_while_its_agent_beats_and_its_row_is_not_written() -> None:
    core = Core()
    node, job = an_unreadable_node(core)
    told = core.pass_time(60)
    assert (job.status, told) == (JobStatus.RUNNING, [])
    core.finish(attempt_of(job), Cause.NODE_FAULT)
    assert core.effects.nodes == {}
    assert core.effects.node_entries == {}
    core.pass_time(2)

    assert job.status is JobStatus.QUEUED, "it gets no job"
    assert node.id in core.state.nodes


def test_work_on_it_goes_elsewhere_when_its_agent_is_silent() -> None:
    core = Core()
    node, job = an_unreadable_node(core)
    other = core.node()
    core.silent.add(node.id)
    core.pass_time(40)

    assert attempt_of(job).node_id == other.id
    assert job.retry.strikes == {Cause.LOST: 1}


def test_a_beat_that_reports_a_dead_engine_does_not_write_over_its_row() -> None:
    core = Core()
    node, job = an_unreadable_node(core)
    core.say(core.beat(node).model_copy(update={"is_dead": True, "reason": "stuck"}))

    assert (core.effects.nodes, core.effects.events) == ({}, [])
    assert job.status is JobStatus.RUNNING


def test_it_is_shown_as_lost_with_the_reason() -> None:
    core = Core()
    node, _ = an_unreadable_node(core)
    core.pass_time(2)
    view = node_view(core.read_context(), node)

    reason = "its row in the database cannot be read: repair it, or remove the node"
    assert (view.phase, view.reason) == (NodePhase.LOST, reason)


def test_it_can_be_removed_and_added_anew() -> None:
    core = Core()
    node, job = an_unreadable_node(core)
    other = core.node()
    new = AddNode(actor=OWNER, node_id=new_id(), node=NewNode(**vars(node.settings)))
    assert core.refusal(new) == "node_exists"
    answer = core.ask(RemoveNode(actor=OWNER, node_id=node.id))

    assert isinstance(answer, Accepted)
    assert core.effects.removed_nodes == {node.id}
    assert core.effects.node_entries[node.id] is None
    assert attempt_of(job).node_id == other.id
    core.ask(new)
    assert new.node_id in core.state.nodes


def test_it_keeps_its_entry_and_no_agent_can_claim_it() -> None:
    core = Core()
    node, _ = an_unreadable_node(core)
    published = {node.id: node_entry(node, "").model_copy(update={"pool": "of a newer kind"})}
    effects = Effects()
    republish(core.state, effects, published)

    assert not effects.node_entries
    assert core.refusal(ClaimNode(agent_id=new_id(), node_id=node.id)) == "node_unreadable"


def test_a_job_whose_node_is_gone_without_a_trace_waits_again() -> None:
    core = Core()
    runs, canceled = an_unreadable_node(core)[1], core.job()
    for job, status in ((runs, JobStatus.RUNNING), (canceled, JobStatus.CANCELING)):
        if job.attempt:
            del core.state.attempts[job.attempt.id]
        else:
            core.state.leave_queue(job)
        job.status, job.attempt = status, None
    core.state.nodes.clear()
    core.state.adrift = [runs, canceled]
    core.pass_time(1)

    assert (runs.status, canceled.status) == (JobStatus.QUEUED, JobStatus.CANCELED)

from typing import Any

from contracts.access import Actor
from contracts.agent import Cause
from contracts.scheduler.claims import ClaimNode, NodeBeat
from contracts.scheduler.jobs import JobStatus
from contracts.scheduler.node_requests import AddNode, RemoveNode
from contracts.scheduler.nodes import NewNode, NodePhase
from contracts.values import new_id
from scheduler.domain.node_entries import node_entry
from scheduler.domain.nodes import Node
from scheduler.domain.occurrences import ClockTicked
from scheduler.domain.views import node_phase, node_view

from .core import OWNER, Core, attempt_of


def test_a_broken_accelerator_quarantines_its_node_at_once_for_a_minute() -> None:
    core = Core()
    node = core.node()
    job = core.job()
    core.finish(attempt_of(job), Cause.NODE_FAULT)
    assert node_phase(core.read_context(), node) is NodePhase.QUARANTINED
    core.pass_time(58)
    assert job.status is JobStatus.QUEUED
    core.pass_time(3)

    assert job.status is JobStatus.RUNNING


def test_a_node_that_fails_again_is_out_for_twice_as_long_until_it_succeeds() -> None:
    core = Core()
    node = core.node()
    core.finish(attempt_of(core.job()), Cause.NODE_FAULT)
    core.pass_time(61)
    job = next(iter(core.state.jobs.values()))
    core.finish(attempt_of(job), Cause.NODE_FAULT)
    core.pass_time(110)
    assert job.status is JobStatus.QUEUED
    core.pass_time(12)
    core.finish(attempt_of(job))

    assert node.health.quarantines == 0


def test_a_quarantine_ends_only_after_a_trial_that_was_asked_for() -> None:
    core = Core()
    node = core.node()
    job = core.job()
    core.finish(attempt_of(job), Cause.NODE_FAULT)
    core.silent.add(node.id)
    for second in range(130):
        core.seconds += 1
        failed = a_beat(node, passed_trial=node.version - 1, reason="a trial failed: CUDA")
        core.say(failed, ClockTicked())
        assert job.status is JobStatus.QUEUED, second
    entry = node_entry(node, core.state.secret)
    view = node_view(core.read_context(), node)
    assert entry.trial == node.version
    assert (view.phase, view.reason) == (
        NodePhase.QUARANTINED,
        "the accelerator or the disk of the node is broken; a trial failed: CUDA",
    )
    core.say(a_beat(node, passed_trial=entry.trial))

    assert job.status is JobStatus.RUNNING
    assert (node_entry(node, core.state.secret).trial, node.health.quarantines) == (0, 1)


def test_a_job_that_breaks_a_second_accelerator_is_poison_and_the_node_is_back_at_once() -> None:
    core = Core()
    nodes = [core.node() for _ in range(10)]
    job = core.job()
    first = core.state.nodes[attempt_of(job).node_id]
    core.finish(attempt_of(job), Cause.NODE_FAULT)
    second = core.state.nodes[attempt_of(job).node_id]
    core.finish(attempt_of(job), Cause.NODE_FAULT)

    assert job.end.error
    assert (job.status, job.end.error.cause) == (JobStatus.FAILED, Cause.POISON)
    assert [node.health.quarantines for node in (first, second)] == [1, 0]
    core.pass_time(2)
    phases = {node_phase(core.read_context(), node) for node in nodes if node is not first}
    assert phases == {NodePhase.READY}


def test_faults_that_follow_an_owner_over_the_fleet_quarantine_one_node() -> None:
    core = Core()
    nodes = [core.node() for _ in range(10)]
    for _ in nodes:
        core.finish(attempt_of(core.job(max_attempts=1)), Cause.NODE_FAULT)

    assert sum(node.health.quarantines for node in nodes) == 1


def test_one_error_of_a_user_after_a_quarantine_is_not_enough_for_the_next() -> None:
    core = Core()
    node = core.node()
    core.finish(attempt_of(core.job()))
    broken = core.job()
    core.finish(attempt_of(broken), Cause.NODE_FAULT)
    core.pass_time(61)
    core.finish(attempt_of(broken), Cause.WORKFLOW)

    assert node.health.quarantines == 1
    assert node_phase(core.read_context(), node) is NodePhase.READY


def test_timeouts_that_a_user_chose_and_prompts_that_a_person_stopped_take_no_node_out() -> None:
    core = Core()
    node = core.node()
    for version in "abc":
        core.finish(attempt_of(core.job(version_hash=version)), Cause.TIMEOUT)
    for version in "def":
        stopped = core.job(version_hash=version)
        core.finish(attempt_of(stopped), Cause.STOPPED)
        core.finish(attempt_of(stopped), Cause.STOPPED)

    assert node_phase(core.read_context(), node) is NodePhase.READY


def fail_here(core: Core, node: Node, owners: dict[str, Actor]) -> None:
    """Have versions fail in a row that worked before; the node is ready until the last fails."""
    for version in owners:
        core.finish(attempt_of(core.job(version_hash=version)))
    for version in ("a", *owners):
        assert node_phase(core.read_context(), node) is NodePhase.READY
        core.finish(attempt_of(core.job(owners[version], version_hash=version)), Cause.WORKFLOW)
    assert node_phase(core.read_context(), node) is NodePhase.QUARANTINED


def test_three_versions_of_two_owners_that_worked_and_fail_here_in_a_row_quarantine() -> None:
    core = Core()
    node = core.node()
    fail_here(core, node, {"a": OWNER, "b": OWNER, "c": Actor(user_id=new_id())})
    core.pass_time(58)

    assert node.health.quarantines == 1
    assert node_phase(core.read_context(), node) is NodePhase.QUARANTINED


def test_three_versions_of_one_owner_have_the_node_tried_at_once() -> None:
    core = Core()
    node = core.node()
    fail_here(core, node, dict.fromkeys("abc", OWNER))
    core.pass_time(2)

    assert node.health.quarantines == 0
    assert node_phase(core.read_context(), node) is NodePhase.READY


def test_one_users_broken_workflows_take_no_node_out() -> None:
    core = Core()
    node = core.node()
    for version in "abcdef":
        core.finish(attempt_of(core.job(version_hash=version)), Cause.WORKFLOW)

    assert node_phase(core.read_context(), node) is NodePhase.READY


def test_of_two_nodes_that_are_one_server_the_older_goes_on() -> None:
    core = Core()
    elder = core.node()
    core.seconds += 1
    younger = core.node(name="again")
    for seen_by, of in ((elder, younger), (younger, elder)):
        core.say(a_beat(seen_by, other_node_id=of.id))
    view = node_view(core.read_context(), younger)

    assert view.phase is NodePhase.QUARANTINED
    assert view.reason
    assert "the same server as node n " in view.reason
    assert node_phase(core.read_context(), elder) is NodePhase.READY
    core.pass_time(1_000)
    assert [attempt_of(core.job()).node_id] == [elder.id]
    core.ask(RemoveNode(actor=OWNER, node_id=elder.id))
    assert [job.attempt.node_id for job in core.state.jobs.values() if job.attempt] == [younger.id]


def test_prompts_of_a_node_that_is_not_ours_take_no_node_out() -> None:
    core = Core()
    node = core.node()
    core.say(a_beat(node, other_node_id=new_id()))

    assert node_phase(core.read_context(), node) is NodePhase.READY


def test_a_node_that_never_answered_says_why() -> None:
    core, node_id = Core(), new_id()
    new = NewNode(name="n", base_url="http://10.0.0.7:8188", pool="far")
    core.ask(AddNode(actor=OWNER, node_id=node_id, node=new))
    node = core.state.nodes[node_id]
    assert node_view(core.read_context(), node).reason == "no agent of pool far has claimed it"
    node.settings = node.settings.model_copy(update={"machine": "box"})
    assert "of pool far on machine box has" in (node_view(core.read_context(), node).reason or "")
    core.ask(ClaimNode(agent_id=new_id(), node_id=node_id))
    assert node_view(core.read_context(), node).reason == "nothing is heard of its agent"
    core.say(a_beat(node, is_reachable=False, reason="http://10.0.0.7:8188 refuses"))

    view = node_view(core.read_context(), node)
    assert (view.phase, view.reason) == (NodePhase.JOINING, "http://10.0.0.7:8188 refuses")


def a_beat(node: Node, **said: Any) -> NodeBeat:
    fields = {"node_id": node.id, "claim": node.claim, "is_reachable": True}
    return NodeBeat.model_validate(fields | said)

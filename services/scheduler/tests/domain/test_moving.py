"""Attempts that wait in an engine behind work that is not ours."""

from typing import Any

from contracts.agent import AttemptEnd, Cause, FinishAttempt, Outcome
from contracts.scheduler.claims import AttemptPhase, BeatAttempt, NodeBeat
from contracts.scheduler.jobs import JobStatus
from scheduler.domain.jobs import Job
from scheduler.domain.nodes import Node
from scheduler.domain.views import node_view

from .core import Core, attempt_of

MOVED = AttemptEnd(outcome=Outcome.CANCELED, is_moved=True)


def pending_beat(node: Node, **more: Any) -> NodeBeat:
    """Beat of a node whose attempts all wait behind a foreign prompt."""
    attempts = [
        BeatAttempt(attempt_id=one, phase=AttemptPhase.POSTED, is_pending=True)
        for one in node.attempts
    ]
    return NodeBeat(node_id=node.id, claim=node.claim, is_reachable=True, attempts=attempts, **more)


def a_pending_job(core: Core) -> tuple[Job, Node]:
    node = core.node()
    job = core.job()
    core.say(pending_beat(node, foreign_prompts=1))
    return job, node


def report(core: Core, node: Node, job: Job, end: AttemptEnd) -> None:
    attempt_id = attempt_of(job).id
    core.ask(FinishAttempt(node_id=node.id, claim=node.claim, attempt_id=attempt_id, end=end))


def test_a_pending_attempt_moves_to_a_node_that_becomes_idle() -> None:
    core = Core()
    job, node = a_pending_job(core)
    first = attempt_of(job)
    other = core.node()
    assert [(one.attempt_id, one.is_move) for one in core.effects.recalls] == [(first.id, True)]
    assert attempt_of(job) is first, "it may have begun: only its agent knows"
    report(core, node, job, MOVED)

    assert attempt_of(job).node_id == other.id
    assert (job.retry.strikes, job.retry.refused) == ({}, 1)


def test_an_attempt_that_has_begun_is_not_recalled_any_more() -> None:
    core = Core()
    job, node = a_pending_job(core)
    core.node()
    core.say(core.beat(node, AttemptPhase.POSTED))
    assert core.effects.stop_repeating == [attempt_of(job).id]
    core.say(pending_beat(node, foreign_prompts=1))

    assert [one.is_move for one in core.effects.recalls] == [True]


def test_a_move_that_an_earlier_leader_began_is_no_failure() -> None:
    core = Core()
    node = core.node()
    job = core.job()
    for _ in range(2):
        report(core, node, job, MOVED)

    assert job.status is JobStatus.RUNNING
    assert (job.retry.strikes, job.retry.refused) == ({}, 2)


def test_an_attempt_that_ended_before_it_could_move_has_ended() -> None:
    core = Core()
    job, node = a_pending_job(core)
    core.node()
    report(core, node, job, AttemptEnd(outcome=Outcome.COMPLETED))

    assert job.status is JobStatus.COMPLETED


def test_a_pending_attempt_stays_while_no_other_node_is_idle() -> None:
    core = Core()
    job, node = a_pending_job(core)
    core.say(pending_beat(node, foreign_prompts=1))

    assert not core.effects.recalls
    assert attempt_of(job).node_id == node.id


def test_a_cleared_queue_is_no_poison_and_a_person_who_interrupts_is_asked_no_third_time() -> None:
    core = Core()
    job, node = a_pending_job(core)
    report(core, node, job, AttemptEnd(outcome=Outcome.FAILED, cause=Cause.LOST))
    assert job.retry.strikes == {Cause.UNREACHABLE: 1}
    core.pass_time(40)
    for _ in range(2):
        report(core, node, job, AttemptEnd(outcome=Outcome.CANCELED))

    assert job.status is JobStatus.FAILED
    assert job.end.error
    assert job.end.error.cause == Cause.STOPPED
    assert node.health.failed_versions == ()


def test_a_node_whose_engine_still_runs_an_ended_attempt_gets_nothing_and_says_why() -> None:
    core = Core()
    node = core.node()
    core.say(pending_beat(node, leftover_prompts=1))

    assert core.job().status is JobStatus.QUEUED
    reason = node_view(core.read_context(), node).reason
    assert reason == "its engine still runs an attempt that is over"

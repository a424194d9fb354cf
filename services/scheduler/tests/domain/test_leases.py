from contracts.agent import Cause
from contracts.scheduler.claims import AttemptPhase, ClaimNode, NodeBeat
from contracts.scheduler.jobs import JobStatus
from contracts.values import new_id
from scheduler.domain.effects import ClaimGranted
from scheduler.domain.leases import LeaseClock
from scheduler.domain.nodes import ClaimStatus
from scheduler.domain.occurrences import ClockTicked

from .core import Core, attempt_of


def test_a_node_is_lost_after_4_seconds_of_silence_and_may_be_claimed() -> None:
    core = Core()
    core.node()
    node = core.node()
    core.silent.add(node.id)

    assert core.pass_time(4) == []
    assert core.pass_time(1) == ["NodeLost"]
    assert node.is_claimable


def test_a_node_that_beats_again_joins_again() -> None:
    core = Core()
    core.node()
    node = core.node()
    core.silent.add(node.id)
    core.pass_time(6)
    core.silent.clear()

    assert core.pass_time(1) == ["NodeJoined"]
    assert node.claim_status is ClaimStatus.JOINED


def test_an_attempt_that_was_not_started_is_given_up_after_6_seconds() -> None:
    core = Core()
    core.node()
    job = core.job()
    first = attempt_of(job)
    core.node()
    core.silent.add(first.node_id)
    core.pass_time(7)

    assert (job.retry.strikes, job.retry.refused) == ({}, 1)
    assert attempt_of(job).node_id != first.node_id


def test_a_running_attempt_is_given_up_after_the_grace_and_three_times_in_all() -> None:
    core = Core()
    for _ in range(4):
        core.node()
    job = core.job()
    for strikes in (1, 2, 3):
        core.pass_time(1)
        core.silent.add(attempt_of(job).node_id)
        core.pass_time(29)
        assert job.retry.strikes.get(Cause.LOST, 0) == strikes - 1
        core.pass_time(3)

    assert job.status is JobStatus.FAILED


def test_time_in_which_nobody_could_be_heard_does_not_count() -> None:
    clock = LeaseClock()
    clock.tick(0, is_connected=True)
    clock.note_beat(0)
    clock.tick(1, is_connected=True)
    clock.tick(2, is_connected=False)
    clock.note_beat(100)
    clock.tick(100, is_connected=True)

    assert clock.now == 2


def test_a_fleet_that_is_silent_as_a_whole_is_believed_only_after_15_seconds() -> None:
    core = Core()
    node = core.node()
    core.silent.add(node.id)
    core.pass_time(14)
    assert node.claim_status is ClaimStatus.JOINED
    core.pass_time(5)

    assert node.claim_status is ClaimStatus.LOST


def test_a_restarted_agent_of_the_only_node_gets_it_after_the_lease_of_its_forerunner() -> None:
    core = Core()
    node = core.node()
    core.silent.add(node.id)
    claim = ClaimNode(agent_id=new_id(), node_id=node.id)
    tries = 0
    while not isinstance(core.ask(claim), ClaimGranted):
        core.pass_time(1)
        tries += 1

    assert tries == 5


def test_an_attempt_left_out_of_two_later_beats_is_lost() -> None:
    core = Core()
    node = core.node()
    job = core.job()
    core.say(core.order_answer(attempt_of(job)))
    empty = NodeBeat(node_id=node.id, claim=node.claim, is_reachable=True)
    core.say(empty, empty)
    assert job.attempt_count == 1
    core.silent.add(node.id)
    core.node()
    core.pass_time(2.5)
    core.say(empty)
    assert job.attempt_count == 1
    core.say(empty)

    assert job.retry.strikes == {Cause.LOST: 1}


def test_an_attempt_that_is_over_for_us_is_recalled_and_takes_the_slot_till_then() -> None:
    core = Core()
    node = core.node()
    first = core.job()
    late = core.beat(node)
    core.finish(attempt_of(first))
    core.say(late)
    recalled = [recall.attempt_id for recall in core.effects.recalls]
    second = core.job()

    assert recalled == [late.attempts[0].attempt_id]
    assert second.status is JobStatus.QUEUED
    core.pass_time(1)
    assert second.status is JobStatus.RUNNING


def test_a_job_whose_results_are_uploaded_does_not_hold_the_slot() -> None:
    core = Core()
    node = core.node()
    core.job()
    second = core.job()
    core.say(core.beat(node, AttemptPhase.UPLOADING))

    assert second.status is JobStatus.RUNNING


def test_a_living_agent_keeps_its_node_and_a_new_one_gets_what_a_dead_one_left() -> None:
    core = Core()
    node = core.node()
    core.node()
    job = core.job()
    node = core.state.nodes[attempt_of(job).node_id]
    attempt = attempt_of(job)
    claim = ClaimNode(agent_id=new_id(), node_id=node.id)
    assert core.refusal(claim) == "claimed"
    core.pass_time(1)
    core.silent.add(node.id)
    core.pass_time(5)
    granted = core.ask(claim)

    assert isinstance(granted, ClaimGranted)
    assert (granted.entry.claim, granted.live) == (2, (attempt,))
    assert core.ask(claim) == granted


def test_a_beat_of_an_older_claim_says_nothing() -> None:
    core = Core()
    node = core.node()
    old = core.beat(node)
    node.claim += 1
    core.seconds += 3
    core.say(old, ClockTicked())

    assert node.contact.beat_at != core.now.wall

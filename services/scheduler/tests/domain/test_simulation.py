"""Thousands of hours of a faulty fleet; a failing seed is in the test's name and replays."""

from collections import Counter
from random import Random

import pytest

from contracts.scheduler.jobs import JobStatus
from scheduler.domain.jobs import Attempt
from scheduler.domain.placement import reason_not_free
from scheduler.domain.requirements import eligible_nodes
from scheduler.domain.startable import kind_of

from .simulated_agent import SimulatedAgent
from .simulated_world import SimulatedWorld

FAULTY_STEPS = 500
CALM_STEPS = 1_500
NODES = 3


def advance(world: SimulatedWorld, seconds: float) -> None:
    """Let time pass for everybody, then let the leader take a batch."""
    world.steady += seconds
    due = [deliver for at, deliver in world.deliveries if at <= world.steady]
    world.deliveries = [item for item in world.deliveries if item[0] > world.steady]
    world.random.shuffle(due)
    for deliver in due:
        deliver()
    for agent in world.agents.values():
        disturb(world, agent)
        agent.act(seconds, 0.5 if world.is_faulty else 1.0)
    world.repeat_submissions()
    world.cancel_some()
    world.tell_agents()
    world.lead()


def disturb(world: SimulatedWorld, agent: SimulatedAgent) -> None:
    if agent.is_alive and world.chance(0.005):
        agent.crash()
    elif not agent.is_alive and (not world.is_faulty or world.chance(0.05)):
        agent.is_alive = True
    if world.chance(0.002):
        agent.restart_comfyui()


def check(world: SimulatedWorld) -> None:
    state = world.state
    live = Counter(attempt.job.id for attempt in state.attempts.values())
    assert all(number == 1 for number in live.values()), "two live attempts of one job"
    for node in state.nodes.values():
        assert sum(map(surely_holds_slot, node.attempts.values())) <= 1
    queued = [job for job in state.jobs.values() if job.status is JobStatus.QUEUED]
    assert Counter(job.owner_id for job in queued) == state.queued_by_owner
    assert len(state.startable) == sum(job.retry.not_before is None for job in queued)
    running = [job.id for job in state.jobs.values() if job.status is not JobStatus.QUEUED]
    assert set(running) == set(live), "a running job without an attempt"
    assert world.accepted <= world.ledger.jobs.keys(), "an accepted job is lost"
    assert_waiting_has_a_reason(world)


def surely_holds_slot(attempt: Attempt) -> bool:
    """Say whether we know of it: what an earlier leader placed may be uploading already."""
    return attempt.holds_slot and not (attempt.is_inherited and attempt.phase is None)


def assert_waiting_has_a_reason(world: SimulatedWorld) -> None:
    context = world.read_context()
    free = {n.id for n in world.state.nodes.values() if reason_not_free(context, n) is None}
    for job in world.state.jobs.values():
        if job.status is JobStatus.QUEUED and job.retry.not_before is None and not job.retry.avoid:
            could = eligible_nodes(world.state, kind_of(job)) & free
            assert not could or world.epoch_is_new, "a free node and a job that waits for nothing"


@pytest.mark.parametrize("seed", range(40))
def test_nothing_is_lost_and_all_ends_once_faults_stop(seed: int) -> None:
    world = SimulatedWorld(Random(seed))  # noqa: S311  (it has to replay)
    for _ in range(NODES):
        world.add_node()
    world.is_faulty = False
    advance(world, 0.1)
    world.is_faulty = True
    for number in range(FAULTY_STEPS):
        if number < FAULTY_STEPS - 50 and world.random.random() < 0.15:
            world.submit()
        is_paused = world.chance(0.005)
        advance(world, world.random.uniform(5, 20) if is_paused else 0.25)
        check(world)

    world.is_faulty = False
    for _ in range(CALM_STEPS):
        advance(world, 0.5)
        check(world)
        if not world.unfinished() and not world.wanted:
            break

    assert not world.unfinished()
    assert world.accepted == world.ledger.ended.keys() & world.accepted
    assert not world.state.jobs

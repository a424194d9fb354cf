"""Thousands of hours of a faulty fleet; a failing seed is in the test's name and replays."""

from collections import Counter
from random import Random
from uuid import UUID

import pytest

from contracts.scheduler.claims import AttemptPhase
from contracts.scheduler.jobs import JobStatus
from scheduler.domain.availability import reason_not_free
from scheduler.domain.jobs import Attempt
from scheduler.domain.leases import LOST_SECONDS, NOT_STARTED_SECONDS
from scheduler.domain.requirements import eligible_nodes
from scheduler.domain.startable import kind_of

from .simulated_agent import SimulatedAgent
from .simulated_users import SimulatedUsers
from .simulated_world import SimulatedWorld

FAULTY_STEPS = 500
CALM_STEPS = 500
NODES = 3


def advance(users: SimulatedUsers, seconds: float) -> None:
    """Let time pass for everybody, then let the leader take a batch."""
    world = users.world
    world.steady += seconds
    if world.chance(0.005):
        world.wall_jump = world.random.choice([-3_600.0, 0.0, 3_600.0])
    due = [deliver for at, deliver in world.deliveries if at <= world.steady]
    world.deliveries = [item for item in world.deliveries if item[0] > world.steady]
    world.random.shuffle(due)
    for deliver in due:
        deliver()
    for node_id, engine in world.engines.items():
        engine.work(seconds)
        if world.random.random() < world.foreign_rate:
            engine.post_foreign()
        if world.chance(0.002):
            engine.restart()
        if world.chance(0.005):
            world.deaf_until[node_id] = world.steady + 15
    for agent in world.agents:
        disturb(world, agent)
        agent.act(0.5 if world.is_faulty else 1.0)
    users.act()
    world.tell_agents()
    claims = {node.id: node.claim for node in world.ledger.nodes.values()}
    world.lead()
    watch_claims(world, claims)


def disturb(world: SimulatedWorld, agent: SimulatedAgent) -> None:
    if agent.is_alive and world.chance(0.005):
        agent.crash()
    elif not agent.is_alive and (not world.is_faulty or world.chance(0.05)):
        agent.is_alive = True


def watch_claims(world: SimulatedWorld, before: dict[UUID, int]) -> None:
    """Hold each new claim against the one before: a living agent keeps its node."""
    for node in world.ledger.nodes.values():
        if node.claim > before.get(node.id, 0):
            held_seconds = world.steady - world.claimed_at.get(node.id, float("-inf"))
            assert node.claim == before.get(node.id, 0) + 1, "two claims at once"
            assert held_seconds > LOST_SECONDS, "a node was taken from an agent at once"
            world.claimed_at[node.id] = world.steady


def check(users: SimulatedUsers) -> None:
    world, state = users.world, users.world.state
    live = Counter(attempt.job.id for attempt in state.attempts.values())
    assert all(number == 1 for number in live.values()), "two live attempts of one job"
    for node in state.nodes.values():
        assert sum(map(surely_holds_slot, node.attempts.values())) <= 1
        for attempt in node.attempts.values():
            unanswered = node.contact.heard_at - attempt.asked_at
            assert attempt.confirmed_at is not None or unanswered <= NOT_STARTED_SECONDS
    waiting = [job for job in state.jobs.values() if job.needs_node]
    assert Counter(job.owner_id for job in waiting) == state.queued_by_owner
    assert len(state.startable) == sum(job.not_before is None for job in waiting)
    placed = {job.id for job in state.jobs.values() if not job.needs_node}
    assert placed == set(live), "a running job without an attempt"
    assert users.accepted <= world.ledger.jobs.keys(), "an accepted job is lost"
    assert_waiting_has_a_reason(world)


def surely_holds_slot(attempt: Attempt) -> bool:
    """Say whether we know of it: an inherited attempt may be uploading already."""
    is_found = attempt.phase not in (None, AttemptPhase.ADOPTING)
    return attempt.holds_slot and (is_found or not attempt.is_inherited)


def assert_waiting_has_a_reason(world: SimulatedWorld) -> None:
    context = world.read_context()
    free = {n.id for n in world.state.nodes.values() if reason_not_free(context, n) is None}
    for job in world.state.jobs.values():
        if job.needs_node and job.not_before is None:
            could = eligible_nodes(world.state, kind_of(job)) & free
            is_patient = job.patient_until > context.now.steady
            assert not could or is_patient or world.epoch_is_new, "it waits for nothing"


@pytest.mark.parametrize("seed", range(40))
def test_nothing_is_lost_and_all_ends_once_faults_stop(seed: int) -> None:
    world = SimulatedWorld(Random(seed))  # noqa: S311  (it has to replay)
    users = SimulatedUsers(world)
    for _ in range(NODES):
        world.add_node()
    world.is_faulty = False
    advance(users, 0.1)
    world.is_faulty = True
    for number in range(FAULTY_STEPS):
        if number < FAULTY_STEPS - 50 and world.random.random() < 0.15:
            users.submit()
        is_paused = world.chance(0.005)
        advance(users, world.random.uniform(5, 20) if is_paused else 0.25)
        check(users)
    assert_progress(world)

    world.is_faulty, world.foreign_rate = False, 0.0
    for _ in range(CALM_STEPS):
        advance(users, 0.5)
        check(users)
        if not world.unfinished() and not users.wanted:
            break

    assert not world.unfinished()
    assert users.accepted == world.ledger.ended.keys() & users.accepted
    assert not world.state.jobs


def assert_progress(world: SimulatedWorld) -> None:
    """A faulty fleet works on: most jobs end although agents refuse, fall silent and die."""
    ended = Counter(world.ledger.ended.values())
    assert ended[JobStatus.COMPLETED] >= len(world.ledger.jobs) / 4, ended

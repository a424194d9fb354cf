"""Runs a simulated fleet step by step, and holds it to its invariants."""

from collections import Counter
from random import Random

from contracts.scheduler.jobs import JobStatus

from .simulated_faults import disturb
from .simulated_invariants import check, check_books, check_claims
from .simulated_operator import attempts_of_held_nodes, check_held, operate
from .simulated_orders import tell_agents
from .simulated_usage import assert_usage_is_of_what_ended
from .simulated_users import SimulatedUsers
from .simulated_world import SimulatedWorld

FAULTY_STEPS = 500
CALM_STEPS = 3_000
"""Long enough for a quarantine, of up to a quarter of an hour; most runs end much sooner."""
NODES = 3
BOOKS_EVERY = 5


def begin(seed: int, *, change_jobs: bool = False) -> SimulatedUsers:
    """Return the users of a new fleet, which has its nodes."""
    world = SimulatedWorld(Random(seed), is_faulty=False)  # noqa: S311  (it has to replay)
    users = SimulatedUsers(world, change_jobs=change_jobs)
    for number in range(NODES):
        world.add_node(is_managed=number == 0)
    advance(users, 0.1)
    return users


def advance(users: SimulatedUsers, seconds: float) -> None:
    """Let time pass for everybody, then let the leader take a batch, and check all."""
    world = users.world
    before = world.steady
    world.steady += seconds
    disturb(world)
    world.deliver_due()
    for engine in world.engines.values():
        engine.work(world.steady - before)
    for agent in world.agents:
        agent.act(0.5 if world.is_faulty else 1.0)
    users.act()
    operate(world)
    tell_agents(world)
    rows, held = dict(world.ledger.nodes), attempts_of_held_nodes(world)
    world.lead()
    check_claims(world, rows)
    check_held(world, held)
    check(users)
    world.steps += 1
    if world.steps % BOOKS_EVERY == 0:
        check_books(users)


def run(seed: int, *, change_jobs: bool = False) -> SimulatedWorld:
    """Live through faults, then through calm in which everything ends."""
    users = begin(seed, change_jobs=change_jobs)
    world = users.world
    world.is_faulty = True
    for number in range(FAULTY_STEPS):
        if number < FAULTY_STEPS - 50 and world.random.random() < 0.15:
            users.submit()
        if number < FAULTY_STEPS - 50 and world.random.random() < 0.006:
            users.submit_batch()
        advance(users, 0.25)
    assert_progress(world)
    world.is_faulty = False
    for _ in range(CALM_STEPS):
        advance(users, 0.5)
        if not (world.unfinished() or users.wanted or users.wanted_batches):
            break
    check_books(users)
    assert not world.unfinished()
    assert users.accepted <= world.ledger.ended.keys()
    assert_usage_is_of_what_ended(world)
    assert not world.state.jobs
    return world


def assert_progress(world: SimulatedWorld) -> None:
    """A faulty fleet works on: most jobs end although agents refuse, fall silent and die."""
    ended = Counter(world.ledger.ended.values())
    wanted = len(world.ledger.versions) - ended[JobStatus.CANCELED]
    assert ended[JobStatus.COMPLETED] >= wanted / 10, ended

"""A fleet whose servers people use too: a quick job does not wait while another server idles."""

from collections import Counter
from dataclasses import dataclass, field
from uuid import UUID

import pytest

from contracts.scheduler.jobs import JobStatus
from scheduler.domain.availability import reason_not_free
from scheduler.domain.jobs import Attempt
from scheduler.domain.patience import doubt
from scheduler.domain.requirements import eligible_nodes
from scheduler.domain.startable import kind_of

from .simulated_faults import a_person_uses_an_engine
from .simulated_run import advance, begin
from .simulated_world import SimulatedWorld

STEPS, STEP_SECONDS = 600, 0.25
FOREIGN_CHANCE = 0.03
"""Of a person's prompt in one step."""
MOST_SECONDS = 5.0
"""Time for a beat, a recall, a report and an order, each asked for again until it is answered."""


@dataclass
class Watch:
    """Measures since when something holds that must end soon."""

    since: dict[tuple[str, UUID], float] = field(default_factory=dict[tuple[str, UUID], float])

    def note(self, rule: str, attempt: Attempt, seconds: float, *, holds: bool) -> None:
        key = rule, attempt.id
        if not holds:
            self.since.pop(key, None)
        else:
            lasted = seconds - self.since.setdefault(key, seconds)
            assert lasted <= MOST_SECONDS, f"{rule} for {lasted} s"


def watch_attempts(world: SimulatedWorld, watch: Watch) -> None:
    for attempt in world.state.attempts.values():
        engine, status = world.engines[attempt.node_id], attempt.job.status
        is_pending, runs = engine.is_pending(attempt.id), attempt.id in engine.waiting()[:1]
        rules = {
            "waits while a server idles": is_pending and could_run_elsewhere(world, attempt),
            "is running, though it waits": is_pending and status is JobStatus.RUNNING,
            "is queued, though it runs": runs and status is JobStatus.QUEUED,
        }
        for rule, holds in rules.items():
            watch.note(rule, attempt, world.steady, holds=holds)


def could_run_elsewhere(world: SimulatedWorld, attempt: Attempt) -> bool:
    context, nodes, kind = world.leader.read_context(), world.state.nodes, kind_of(attempt.job)
    able = (nodes[node_id] for node_id in eligible_nodes(world.state, kind))
    idle = (node for node in able if not world.engines[node.id].waiting())
    free = [node for node in idle if reason_not_free(context, node) is None]
    return any(doubt(kind, node) <= doubt(kind, nodes[attempt.node_id]) for node in free)


def assert_executed_once(world: SimulatedWorld) -> None:
    """Hold executions against failures: only work that failed may be done again."""
    tries, failures = Counter[UUID](), Counter[UUID]()
    for attempt in world.ledger.attempts.values():
        engine = world.engines[attempt.node_id]
        tries[attempt.job.id] += attempt.id in engine.begun
        failures[attempt.job.id] += attempt.id in engine.failed
    assert all(count <= 1 + failures[job_id] for job_id, count in tries.items()), tries


@pytest.mark.parametrize("seed", range(12))
def test_work_that_waits_behind_other_work_moves_to_an_idle_server_in_time(seed: int) -> None:
    users, watch = begin(seed), Watch()
    world = users.world
    for _ in range(40):
        advance(users, STEP_SECONDS)
    for _ in range(STEPS):
        if world.random.random() < 0.1:
            users.submit()
        if world.random.random() < FOREIGN_CHANCE:
            a_person_uses_an_engine(world)
        advance(users, STEP_SECONDS)
        watch_attempts(world, watch)
    while world.unfinished() or users.wanted:
        advance(users, STEP_SECONDS)
        watch_attempts(world, watch)

    assert_executed_once(world)

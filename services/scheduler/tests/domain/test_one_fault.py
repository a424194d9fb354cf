"""One fault in a calm fleet: work goes on within seconds, and all ends soon, and well."""

from datetime import timedelta

import pytest

from contracts.scheduler.jobs import JobStatus

from .simulated_faults import FAULTS, Fault, no_message_arrives
from .simulated_run import advance, begin
from .simulated_users import SimulatedUsers
from .simulated_world import BEGIN

STEP_SECONDS = 0.25
BEFORE, AFTER = 40, 240
"""Steps before the fault, and after it, in which users submit."""
MOST_IDLE_SECONDS = 18.0
"""Longest time in which no job ends although some wait: a node that takes no orders is given up
after six seconds, a job takes four, and the last one may fail twice for reasons of its own."""
SILENCE_SECONDS = 20.0
"""The bus may carry nothing for so long, and then nothing can end."""
END_STEPS = 400


def live_on(users: SimulatedUsers, steps: int, *, submits: bool) -> float:
    """Let steps pass, or fewer if all is done; return the longest time without an end of a job."""
    world = users.world
    since, ended, longest = world.steady, len(world.ledger.ended), 0.0
    for number in range(steps):
        if submits and number % 8 == 0:
            users.submit()
        advance(users, STEP_SECONDS)
        is_idle = not world.unfinished()
        if is_idle or len(world.ledger.ended) > ended:
            since, ended = world.steady, len(world.ledger.ended)
        longest = max(longest, world.steady - since)
        if is_idle and not submits and not users.wanted:
            break
    return longest


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
def test_after_one_fault_work_goes_on_within_seconds(fault: Fault, seed: int) -> None:
    users = begin(seed)
    users.rare = 0.0  # jobs that only one node can run may wait for it
    users.most_running = None  # jobs on a node that stands still would hold up their owner's others
    world = users.world
    live_on(users, BEFORE, submits=True)
    fault(world)
    idle_seconds = live_on(users, AFTER, submits=True)
    idle_seconds = max(idle_seconds, live_on(users, END_STEPS, submits=False))

    assert not world.unfinished()
    silence = SILENCE_SECONDS if fault is no_message_arrives else 0.0
    assert idle_seconds <= MOST_IDLE_SECONDS + silence
    ended = list(world.ledger.ended.values())
    assert ended.count(JobStatus.COMPLETED) >= len(ended) * 2 / 3
    true_time = BEGIN + timedelta(seconds=world.steady)
    assert abs(world.leader.now.wall - true_time) < timedelta(seconds=2)

"""Holds the committed sums of usage against everything that ended in a simulation."""

from collections import ChainMap, Counter

import pytest

from contracts.agent import Outcome
from scheduler.domain.usage import Usage

from .simulated_world import SimulatedWorld


def assert_usage_is_of_what_ended(world: SimulatedWorld) -> None:
    """Check each sum against the rows of jobs and attempts, and those against the engines."""
    ledger = world.ledger
    job_counts = Counter[str]()
    for key, usage in ledger.usage.items():
        job_counts[key.outcome] += usage.job_count
    assert +job_counts == Counter(ledger.ended.values()), "a job is counted twice, or not"
    executed_seconds = ChainMap(*(server.executed_seconds for server in world.servers.values()))
    ended = [attempt for attempt in ledger.attempts.values() if attempt.ended_at]
    for attempt in ended:
        executed = executed_seconds.get(attempt.id)
        is_whole = attempt.is_reported and attempt.outcome == Outcome.COMPLETED
        assert not is_whole or attempt.executed_seconds == executed
        assert (attempt.executed_seconds or 0.0) <= (executed or 0.0), "more than was executed"
    seconds = [attempt.executed_seconds for attempt in ended]
    measured = [one for one in seconds if one is not None]
    counted = sum(ledger.usage.values(), Usage())
    assert counted.executed_seconds == pytest.approx(sum(measured)), "counted twice, or not"
    assert counted.attempt_count - counted.unmeasured_count == len(measured)

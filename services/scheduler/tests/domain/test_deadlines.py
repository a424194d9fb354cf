"""Queued work whose deadline passed is dropped, whoever led meanwhile, and says so."""

from datetime import timedelta

from contracts.scheduler.jobs import JobStatus
from scheduler.domain.occurrences import ClockTicked
from scheduler.domain.state import State

from .core import BEGIN, Core


def test_a_job_whose_deadline_passed_while_nobody_led_does_not_start_any_more() -> None:
    before, core = Core(), Core()
    late = before.job(deadline=BEGIN + timedelta(seconds=5))
    in_time = before.job(deadline=BEGIN + timedelta(seconds=50))
    node = core.node()
    loaded = State()
    for job in (late, in_time):
        loaded.add_job(job)
    loaded.nodes[node.id] = node
    core.state, core.seconds = loaded, 10.0

    told = core.say(core.beat(node), ClockTicked()).events

    assert [type(fact).__name__ for fact in told] == ["JobExpired", "JobStarted"]
    assert (late.status, late.attempt_count) == (JobStatus.EXPIRED, 0)
    assert in_time.status is JobStatus.RUNNING
    assert late.end.error
    assert late.end.error.code == "deadline_passed"
    assert "it waited:" in late.end.error.message

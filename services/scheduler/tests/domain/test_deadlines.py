"""Queued work whose deadline passed is dropped, whoever led meanwhile, and says so."""

from datetime import timedelta

from contracts.scheduler.jobs import JobStatus
from scheduler.domain.occurrences import ClockTicked
from scheduler.domain.state import State

from .core import BEGIN, Core, attempt_of


def test_a_job_does_not_start_after_its_deadline_between_two_ticks() -> None:
    core = Core()
    core.node()
    running = core.job()
    late = core.job(deadline=BEGIN + timedelta(seconds=5))
    core.seconds = 5.1

    core.finish(attempt_of(running))

    assert running.status is JobStatus.COMPLETED
    assert (late.status, late.attempt_count) == (JobStatus.EXPIRED, 0)


def test_a_result_that_is_reported_in_the_step_of_the_deadline_counts() -> None:
    core = Core()
    core.node()
    job = core.job(deadline=BEGIN + timedelta(seconds=5))
    core.seconds = 5.1

    core.finish(attempt_of(job))

    assert job.status is JobStatus.COMPLETED


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

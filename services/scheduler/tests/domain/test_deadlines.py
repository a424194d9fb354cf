"""Queued work whose deadline passed is dropped, whoever led meanwhile, and says so."""

from datetime import timedelta

import pytest

from contracts.access import Actor
from contracts.scheduler.jobs import JobStatus
from contracts.values import new_id
from scheduler.domain import expiry
from scheduler.domain.occurrences import ClockTicked
from scheduler.domain.state import State

from .core import BEGIN, Core, a_batch, attempt_of


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


def test_a_step_ends_so_many_late_jobs_and_none_starts_until_all_are_ended(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(expiry, "MOST_EXPIRED", 4)
    core = Core()
    core.node()
    running = core.job()
    core.ask(a_batch(10, deadline=BEGIN + timedelta(seconds=5)))
    in_time = core.job(deadline=BEGIN + timedelta(seconds=50))
    core.seconds = 5.1
    core.finish(attempt_of(running))
    told = [core.effects.events, core.say().events, core.say().events]

    names = [[type(fact).__name__ for fact in events] for events in told]
    expired = ["JobExpired"] * 4
    assert names == [["JobCompleted", *expired], expired, [*expired[:2], "JobStarted"]]
    assert list(core.state.jobs) == [in_time.id]


def test_many_late_jobs_end_in_steps_of_a_bounded_size() -> None:
    core = Core()
    for _ in range(3):
        core.ask(a_batch(400, Actor(user_id=new_id()), deadline=BEGIN + timedelta(seconds=5)))
    core.seconds = 5.1
    ended = [len(core.say().changed_jobs) for _ in range(4)]

    assert ended == [500, 500, 200, 0]

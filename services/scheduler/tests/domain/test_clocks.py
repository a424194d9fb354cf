from datetime import UTC, datetime, timedelta

import pytest

from contracts.agent import Cause
from contracts.scheduler.jobs import JobStatus
from runtime.wall_clock import WallClock

from .core import Core, attempt_of

HOUR = timedelta(hours=1)
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def at(steady: float, jump: timedelta = timedelta()) -> tuple[datetime, float]:
    return NOON + timedelta(seconds=steady) + jump, steady


def test_a_machine_that_slept_an_hour_fails_no_running_job() -> None:
    core = Core()
    core.node()
    job = core.job(timeout_seconds=10.0)
    core.pass_time(1)
    core.wall_jump = 3 * HOUR
    core.pass_time(2)

    assert job.status is JobStatus.RUNNING


@pytest.mark.parametrize("jump", [HOUR, -HOUR])
def test_a_jump_of_the_wall_clock_moves_no_retry_and_no_quarantine(jump: timedelta) -> None:
    core = Core()
    core.node()
    job = core.job()
    for _ in range(2):
        core.finish(attempt_of(job), Cause.OUTPUT)
    assert job.status is JobStatus.QUEUED
    core.wall_jump = jump
    core.pass_time(4)
    assert job.status is JobStatus.QUEUED
    core.pass_time(2)
    assert job.status is JobStatus.RUNNING
    core.wall_jump = -jump
    core.finish(attempt_of(job), Cause.NODE_FAULT)
    core.wall_jump = jump
    core.pass_time(58)
    assert job.status is JobStatus.QUEUED
    core.pass_time(3)

    assert job.status is JobStatus.RUNNING


@pytest.mark.parametrize("jump", [HOUR, -HOUR])
def test_a_glitch_is_noticed_and_not_followed(jump: timedelta) -> None:
    jumps: list[float] = []
    clock = WallClock(jumps.append)
    clock.read(*at(0))

    assert clock.read(*at(10, jump)) == NOON + timedelta(seconds=10)
    assert clock.read(*at(200, jump)) == NOON + timedelta(seconds=200)
    assert clock.read(*at(201)) == NOON + timedelta(seconds=201)
    assert jumps == [pytest.approx(jump.total_seconds())]


def test_a_jump_that_lasts_is_the_time_and_drift_is_followed_at_once() -> None:
    clock, second = WallClock(), timedelta(seconds=1)
    clock.read(*at(0))
    clock.read(*at(10, HOUR))

    assert clock.read(*at(309, HOUR)) == NOON + timedelta(seconds=309)
    assert clock.read(*at(311, HOUR)) == NOON + HOUR + timedelta(seconds=311)
    assert clock.read(*at(312, HOUR + second)) == NOON + HOUR + timedelta(seconds=313)

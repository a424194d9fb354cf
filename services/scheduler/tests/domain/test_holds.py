"""Limits on running jobs: a job at the limit waits, says so, and holds up nobody else."""

from dataclasses import replace

from contracts.access import Actor
from contracts.agent import Cause
from contracts.errors import UnavailableError
from contracts.scheduler.jobs import JobStatus
from contracts.values import new_id
from scheduler.domain.holds import hold_of
from scheduler.domain.jobs import Job
from scheduler.domain.state import Limits, State
from scheduler.domain.views import current_view

from .core import OWNER, Core, a_submit, attempt_of


def statuses(*jobs: Job) -> list[JobStatus]:
    return [job.status for job in jobs]


def held_by(core: Core, job: Job) -> str | None:
    hold = hold_of(core.read_context(), job)
    return hold.code if hold else None


def test_an_owner_at_the_limit_waits_and_other_owners_go_on() -> None:
    core = Core()
    for _ in range(3):
        core.node()
    first, second = (core.job(max_running_jobs=1) for _ in range(2))
    other = core.job(Actor(user_id=new_id()), max_running_jobs=1)

    assert statuses(first, second, other) == [
        JobStatus.RUNNING,
        JobStatus.QUEUED,
        JobStatus.RUNNING,
    ]
    assert (held_by(core, first), held_by(core, second)) == ("owner_running_limit",) * 2
    reason = current_view(core.read_context(), second.id).reason
    assert reason == "1 of its owner's jobs run, as many as may"
    core.finish(attempt_of(first))
    assert second.status is JobStatus.RUNNING


def test_a_failed_attempt_gives_its_place_back() -> None:
    core = Core()
    core.node()
    core.node()
    job = core.job(max_running_jobs=1)
    for _ in range(2):
        core.finish(attempt_of(job), Cause.LOST)
        assert job.status is JobStatus.RUNNING
    core.cancel(job)
    core.finish(attempt_of(job))

    assert not core.state.placed_by_owner
    assert not core.state.running_limits, "an owner without jobs is forgotten"


def test_a_changed_limit_counts_from_the_next_job() -> None:
    core = Core()
    for _ in range(4):
        core.node()
    jobs = [core.job(max_running_jobs=1) for _ in range(3)]
    newest = core.job(max_running_jobs=3)

    assert statuses(*jobs, newest).count(JobStatus.RUNNING) == 3
    assert newest.status is JobStatus.QUEUED, "an owner's jobs keep their order"


def test_the_fleet_runs_no_more_jobs_than_it_may() -> None:
    core = Core(State(Limits(max_running_jobs=2)))
    for _ in range(3):
        core.node()
    jobs = [core.job(Actor(user_id=new_id())) for _ in range(3)]

    assert statuses(*jobs).count(JobStatus.RUNNING) == 2
    assert held_by(core, jobs[2]) == "fleet_running_limit"
    core.state.limits = replace(core.state.limits, max_running_jobs=3)
    core.say()
    assert jobs[2].status is JobStatus.RUNNING


def test_a_full_queue_refuses_every_owner_and_says_when_to_try_again() -> None:
    core = Core(State(Limits(max_waiting_jobs=1)))
    core.job()
    refusal = core.ask(a_submit(Actor(user_id=new_id())))

    assert isinstance(refusal, UnavailableError)
    assert (refusal.code, refusal.retry_in) == ("queue_full", 10.0)


def test_a_job_that_is_read_late_changes_no_newer_limit() -> None:
    """A new leader reads placed jobs first, then those that start first, then the others."""
    core, loaded = Core(), Core()
    jobs = list[Job]()
    for most in (1, 2, 3):
        core.seconds += 1
        jobs.append(core.job(max_running_jobs=most))
    newest = jobs.pop()

    loaded.state.add_job(newest)
    for job in jobs:
        loaded.state.add_job(job)

    assert loaded.state.running_limits[OWNER.user_id].most == 3


def test_a_new_leader_knows_the_limit_from_the_jobs() -> None:
    core, loaded = Core(), Core()
    core.node()
    jobs = [core.job(OWNER, max_running_jobs=1) for _ in range(2)]
    loaded.state.nodes = core.state.nodes
    for job in jobs:
        attempt, job.attempt = job.attempt, None
        loaded.state.add_job(job)
        if attempt:
            loaded.state.restore_attempt(attempt)

    assert held_by(loaded, jobs[1]) == "owner_running_limit"

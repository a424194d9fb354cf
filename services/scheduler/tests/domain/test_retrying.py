"""A job that ended badly is run again as a new job."""

from datetime import timedelta

import pytest

from contracts.access import Actor, IdempotencyKey
from contracts.agent import Cause
from contracts.errors import OperationError
from contracts.scheduler.job_requests import SubmitJobView
from contracts.scheduler.jobs import JobStatus
from contracts.values import new_id
from scheduler.domain.core import names_in
from scheduler.domain.occurrences import Requested

from .core import BEGIN, OWNER, Core, a_submit, attempt_of


def test_a_failed_job_runs_again_as_a_new_one_that_names_it() -> None:
    core = Core()
    core.node()
    failed = core.job()
    assert core.fail(failed, Cause.WORKFLOW) is JobStatus.FAILED

    again = core.ask(a_submit(retry_of=failed.id))

    assert isinstance(again, SubmitJobView)
    assert (again.job.status, again.job.retry_of) == (JobStatus.QUEUED, failed.id)
    assert core.state.jobs[again.job.id].status is JobStatus.RUNNING
    assert (failed.status, failed.version) == (JobStatus.FAILED, 3)


@pytest.mark.parametrize("is_late", [False, True])
def test_a_canceled_and_an_expired_job_run_again(is_late: bool) -> None:
    core = Core()
    job = core.job(deadline=BEGIN + timedelta(seconds=1) if is_late else None)
    if is_late:
        core.pass_time(1)
    else:
        core.cancel(job)
    assert job.status is (JobStatus.EXPIRED if is_late else JobStatus.CANCELED)

    assert isinstance(core.ask(a_submit(retry_of=job.id)), SubmitJobView)


def test_a_job_that_goes_on_or_has_its_results_is_not_run_again() -> None:
    core = Core()
    core.node()
    running, waiting = core.job(), core.job()

    for job in (running, waiting):
        assert core.refusal(a_submit(retry_of=job.id)) == "job_not_over"
    core.finish(attempt_of(running))
    assert core.refusal(a_submit(retry_of=running.id)) == "job_completed"
    assert core.state.jobs.keys() == {waiting.id}


def test_a_job_of_somebody_else_does_not_exist() -> None:
    core = Core()
    job = core.job()
    core.cancel(job)
    stranger = Actor(user_id=new_id())

    for request in (a_submit(stranger, retry_of=job.id), a_submit(retry_of=new_id())):
        answer = core.ask(request)
        assert isinstance(answer, OperationError)
        assert answer.kind == "not_found"


def test_the_job_to_repeat_is_looked_up_among_those_that_are_over() -> None:
    core, request = Core(), a_submit(retry_of=new_id())

    jobs, _, _ = names_in(core.state, [Requested(0, request)])

    assert jobs == [request.job.job_id, request.job.retry_of]


def test_a_repeated_retry_is_answered_although_the_first_job_is_gone() -> None:
    core, key = Core(), IdempotencyKey(key="k", body_digest="d")
    job = core.job()
    core.cancel(job)
    first = core.ask(a_submit(OWNER, key=key, retry_of=job.id))
    del core.loaded.jobs[job.id]
    again = core.ask(a_submit(OWNER, key=key, retry_of=job.id))

    assert isinstance(first, SubmitJobView)
    assert isinstance(again, SubmitJobView)
    assert (again.is_replay, again.job.id) == (True, first.job.id)

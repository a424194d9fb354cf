"""Owners delete jobs that are over."""

from contracts.access import Actor, IdempotencyKey, Permission
from contracts.errors import OperationError
from contracts.message import Accepted
from contracts.scheduler.job_changes import DeleteJob
from contracts.scheduler.job_events import JobDeleted
from contracts.scheduler.jobs import JobStatus
from contracts.values import new_id
from scheduler.domain.core import names_in
from scheduler.domain.jobs import Job
from scheduler.domain.occurrences import Requested

from .core import OWNER, Core, a_submit, attempt_of


def a_deletion(job: Job, actor: Actor = OWNER) -> DeleteJob:
    return DeleteJob(actor=actor, job_id=job.id)


def a_completed_job(core: Core) -> Job:
    core.node()
    job = core.job()
    core.finish(attempt_of(job))
    assert job.status is JobStatus.COMPLETED
    return job


def test_an_ended_job_is_deleted_and_the_event_follows_its_last_one() -> None:
    core = Core()
    job = a_completed_job(core)

    assert isinstance(core.ask(a_deletion(job)), Accepted)

    assert core.effects.deleted_jobs == {job.id}
    [told] = core.effects.events
    assert isinstance(told, JobDeleted)
    assert (told.version, told.status, told.owner_id) == (4, JobStatus.COMPLETED, job.owner_id)


def test_a_repeated_deletion_is_accepted_and_changes_nothing() -> None:
    core = Core()
    job = a_completed_job(core)
    core.ask(a_deletion(job))

    assert isinstance(core.ask(a_deletion(job)), Accepted)
    assert not core.effects.needs_commit


def test_a_late_repetition_of_its_submission_does_not_bring_a_job_back() -> None:
    core, key = Core(), IdempotencyKey(key="k", body_digest="d")
    core.node()
    for request in (a_submit(), a_submit(key=key)):
        core.ask(request)
        job = core.state.jobs[request.job.job_id]
        core.finish(attempt_of(job))
        core.ask(a_deletion(job))

        answer = core.ask(request)
        assert isinstance(answer, OperationError)
        assert answer.kind == ("not_found" if request.idempotency else "conflict")
    assert not core.state.jobs


def test_a_job_that_goes_on_is_not_deleted() -> None:
    core = Core()
    core.node()
    running, waiting = core.job(), core.job()
    core.cancel(running)
    assert running.status is JobStatus.CANCELING

    for job in (running, waiting):
        assert core.refusal(a_deletion(job)) == "job_not_over"
    assert not core.effects.deleted_jobs


def test_a_job_of_another_is_not_there_also_for_whoever_reads_all() -> None:
    core = Core()
    job = a_completed_job(core)
    overseer = Actor(user_id=new_id(), permissions=frozenset({Permission.JOBS_READ_ALL}))

    assert core.refusal(a_deletion(job, overseer)) == "not_found"


def test_the_deletion_and_the_submission_look_for_the_note_of_a_deletion() -> None:
    core, request = Core(), a_submit()
    deletion = DeleteJob(actor=OWNER, job_id=request.job.job_id)
    note = (OWNER.user_id, "delete_job", str(deletion.job_id))

    for command in (request, deletion):
        assert names_in(core.state, [Requested(0, command)]) == ([deletion.job_id], [note], [])

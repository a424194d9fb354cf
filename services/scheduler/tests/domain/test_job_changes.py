"""Owners change priority and labels of jobs that were accepted."""

from typing import Any
from uuid import UUID

import pytest

from contracts.access import Actor, Limits, Priority
from contracts.agent import Cause
from contracts.errors import OperationError
from contracts.scheduler.job_changes import UpdateJob
from contracts.scheduler.jobs import JobStatus, JobView
from contracts.values import new_id
from scheduler.domain.core import names_in
from scheduler.domain.forecast import queue_order
from scheduler.domain.jobs import Job
from scheduler.domain.occurrences import Requested

from .core import OWNER, Core, attempt_of

BACKGROUND, BATCH, INTERACTIVE = Priority.BACKGROUND, Priority.BATCH, Priority.INTERACTIVE


def a_change(job: Job, actor: Actor = OWNER, **changes: Any) -> UpdateJob:
    return UpdateJob.model_validate({"actor": actor, "job_id": job.id, **changes})


def changed(core: Core, job: Job, **changes: Any) -> JobView:
    answer = core.ask(a_change(job, **changes))
    assert isinstance(answer, JobView), answer
    return answer


def events(core: Core) -> list[tuple[str, int]]:
    return [(type(fact).__name__, fact.version) for fact in core.effects.events]


def started(core: Core) -> list[UUID]:
    return [attempt.job.id for attempt in core.state.attempts.values()]


def test_a_job_of_a_raised_priority_starts_first() -> None:
    core = Core()
    core.node()
    busy = core.job()
    first, raised = core.job(priority=BATCH), core.job(priority=BACKGROUND)

    view = changed(core, raised, priority=INTERACTIVE)

    assert (view.priority, view.version) == (INTERACTIVE, 2)
    assert events(core) == [("JobPrioritized", 2)]
    assert core.effects.changed_requests.keys() == {raised.id}
    core.finish(attempt_of(busy))
    assert started(core) == [raised.id]
    assert first.status is JobStatus.QUEUED


def test_a_job_takes_the_place_of_its_age_among_jobs_of_its_new_priority() -> None:
    core = Core()
    core.node()
    core.job()
    old = core.job(priority=BATCH)
    middle = [core.job() for _ in range(3)]
    young = core.job(priority=BATCH)

    for job in (young, old):
        changed(core, job, priority=INTERACTIVE)

    order = [job.id for job in queue_order(core.state)]
    assert order == [old.id, *(job.id for job in middle), young.id]
    assert len(core.state.startable) == 5


def test_a_job_that_waits_for_its_next_try_is_tried_with_its_new_priority() -> None:
    core = Core()
    core.node()
    job = core.job(priority=BATCH)
    core.finish(attempt_of(job), Cause.OUTPUT)
    core.finish(attempt_of(job), Cause.OUTPUT)
    assert job.not_before is not None

    changed(core, job, priority=BACKGROUND)
    assert len(core.state.startable) == 0
    core.pass_time(10)

    assert job.status is JobStatus.RUNNING
    assert not core.state.startable.turns(BATCH)


def test_labels_change_until_the_job_is_over() -> None:
    core = Core()
    core.node()
    job = core.job(labels={"a": "b"})

    view = changed(core, job, labels={})

    assert (view.status, view.labels) == (JobStatus.RUNNING, {})
    assert events(core) == [("JobLabeled", 3)]
    core.finish(attempt_of(job))
    assert core.refusal(a_change(job, labels={"a": "c"})) == "job_over"
    assert core.refusal(a_change(job, priority=BATCH)) == "job_over"


def test_a_priority_that_had_its_effect_stays_and_nothing_else_changes_then() -> None:
    core = Core()
    core.node()
    job = core.job()

    assert core.refusal(a_change(job, priority=BATCH, labels={"a": "b"})) == "job_started"
    assert (job.request.priority, job.request.labels) == (INTERACTIVE, {})


def test_a_repeated_change_is_no_change_even_after_the_start() -> None:
    core = Core()
    job = core.job()
    changed(core, job, priority=BATCH, labels={"a": "b"})
    assert events(core) == [("JobPrioritized", 2), ("JobLabeled", 3)]
    core.node()
    assert job.status is JobStatus.RUNNING

    again = changed(core, job, priority=BATCH, labels={"a": "b"})

    assert (again.version, events(core)) == (4, [])
    assert not core.effects.changed_requests


def test_nobody_changes_the_job_of_another_or_takes_a_priority_above_his_own() -> None:
    core = Core()
    low = Actor(user_id=new_id(), limits=Limits(max_priority=BATCH))
    theirs, own = core.job(), core.job(low, priority=BACKGROUND)

    stranger = core.ask(a_change(theirs, low, priority=BACKGROUND))

    assert isinstance(stranger, OperationError)
    assert stranger.kind == "not_found"
    assert core.refusal(a_change(own, low, priority=INTERACTIVE)) == "priority_not_allowed"
    assert isinstance(core.ask(a_change(own, low, priority=BATCH)), JobView)


def test_a_job_that_is_over_is_looked_up() -> None:
    command = UpdateJob(actor=OWNER, job_id=new_id())

    assert names_in(Core().state, [Requested(0, command)]) == ([command.job_id], [], [])


@pytest.mark.parametrize("priority", [None, INTERACTIVE])
def test_a_change_of_nothing_answers_with_the_job(priority: Priority | None) -> None:
    core = Core()
    job = core.job()

    assert changed(core, job, priority=priority).version == 1
    assert not core.effects.needs_commit

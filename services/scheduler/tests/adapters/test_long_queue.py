"""A leader reads the end of a long queue later, in the order in which its jobs would start."""

from datetime import UTC, datetime, timedelta

import pytest

from contracts.access import Priority
from contracts.agent import Cause
from contracts.scheduler.job_requests import NewJob
from contracts.scheduler.jobs import JobStatus
from contracts.scheduler.nodes import NewNode
from contracts.values import new_id
from scheduler.adapters import stored_state
from scheduler.adapters.sql_ledger import SqlLedger
from scheduler.domain.core import take_in_waiting
from scheduler.domain.effects import Effects
from scheduler.domain.jobs import Attempt, Job
from scheduler.domain.nodes import Node

NOW = datetime(2026, 1, 1, tzinfo=UTC)
OWNER = new_id()


def a_job(second: int, priority: Priority = Priority.BATCH) -> Job:
    spec = NewJob(job_id=new_id(), workflow="w@1", version_hash="h", priority=priority)
    return Job(spec, OWNER, NOW + timedelta(seconds=second))


async def test_jobs_with_a_node_come_first_and_the_others_by_priority(
    ledger: SqlLedger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stored_state, "READ_FIRST", 1)
    background, old, new, urgent, failed, running, pending = (
        a_job(0, Priority.BACKGROUND),
        a_job(1),
        a_job(2),
        a_job(3, Priority.INTERACTIVE),
        a_job(4),
        a_job(5),
        a_job(6),
    )
    node = Node(new_id(), NewNode(name="n", base_url="http://10.0.0.7:8188"), NOW)
    running.status, running.attempt_count = JobStatus.RUNNING, 1
    pending.attempt_count = failed.attempt_count = 1
    attempts = [Attempt(new_id(), job, node.id, 1, NOW) for job in (failed, running, pending)]
    attempts[0].ended_at, attempts[0].outcome, attempts[0].cause = NOW, "failed", Cause.LOST
    jobs = (background, old, new, urgent, failed, running, pending)
    await ledger.commit(
        Effects(
            new_jobs={job.id: job for job in jobs},
            attempts={attempt.id: attempt for attempt in attempts},
            nodes={node.id: node},
            capabilities={node.id: node},
        )
    )

    state = await ledger.load()

    assert state.jobs.keys() == {running.id, pending.id, urgent.id}
    assert [job.id for job in state.jobs.values() if job.needs_node] == [urgent.id]
    later = [job.id for job in (old, new, failed, background)]
    assert state.unread.next() == later
    assert (state.queue_size, state.waiting_of(OWNER)) == (5, 5)
    take_in_waiting(state, await ledger.look_up([], [], [], state.unread.next()))
    assert not state.unread
    assert len(state.startable) == 5


async def test_large_jobs_are_read_in_parts(
    ledger: SqlLedger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stored_state, "WAITING_AT_ONCE", 1)
    monkeypatch.setattr(stored_state, "MOST_BYTES", 2_000)
    jobs = [a_job(second) for second in range(5)]
    for job in jobs:
        inputs = {"prompt": "x" * 1_500}
        job.request = job.request.model_copy(update={"inputs": inputs})
    gone, *ids = [job.id for job in jobs]
    await ledger.commit(Effects(new_jobs={job.id: job for job in jobs[1:]}))
    state = await ledger.load()

    assert list(state.jobs) == ids[:2], "before the term begins"
    found = await ledger.look_up([], [], [], [gone, *state.unread.next()])
    assert (list(found.jobs), found.waiting) == (ids[2:], [gone, *ids[2:]])
    first = await ledger.look_up([], [], [], [gone, *ids])
    assert (list(first.jobs), first.waiting) == (ids[:2], [gone, *ids[:2]])


async def test_a_changed_priority_changes_the_place_in_a_long_queue(
    ledger: SqlLedger, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = a_job(0), a_job(1)
    await ledger.commit(Effects(new_jobs={job.id: job for job in (first, second)}))
    changed = {"priority": Priority.INTERACTIVE}
    second.request = second.request.model_copy(update=changed)
    await ledger.commit(Effects(changed_requests={second.id: second}))

    monkeypatch.setattr(stored_state, "READ_FIRST", 0)
    state = await ledger.load()

    assert state.unread.next() == [second.id, first.id]

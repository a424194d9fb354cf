"""A new leader reads a long queue while it leads: it forgets nothing, and keeps the order."""

from collections.abc import Mapping
from dataclasses import replace
from uuid import UUID

from contracts.access import Actor, Limits
from contracts.scheduler.batches import CancelBatch
from contracts.scheduler.jobs import JobStatus, JobView
from scheduler.domain.context import LoadedRows
from scheduler.domain.core import names_in
from scheduler.domain.effects import Effects
from scheduler.domain.explanation import explain_stored
from scheduler.domain.forecast import complete_view, forecast
from scheduler.domain.jobs import Batch, Job
from scheduler.domain.occurrences import Occurrence
from scheduler.domain.unread import UNREAD, UnreadJobs
from scheduler.domain.views import job_view

from .core import OWNER, Core, a_batch, a_submit


class NewLeader(Core):
    """A core whose queue is in the table; it reads one job with each step."""

    def begin(self, rows: Mapping[UUID, Job], batches: Mapping[UUID, Batch] | None = None) -> None:
        self.rows, self.batches = rows, batches or {}
        owners = {job.id: job.owner_id for job in rows.values()}
        self.state.unread = UnreadJobs(owners, at_once=1)

    def say(self, *occurrences: Occurrence) -> Effects:
        jobs, _, batches = names_in(self.state, occurrences)
        wanted = {*jobs, *self.state.unread.next()}
        found = {id_: replace(self.rows[id_]) for id_ in wanted if id_ in self.rows}
        named = {id_: self.batches[id_] for id_ in batches if id_ in self.batches}
        self.loaded = LoadedRows(found, {}, named, self.state.unread.next())
        return super().say(*occurrences)


def queue(number: int) -> list[Job]:
    core, jobs = Core(), list[Job]()
    for _ in range(number):
        core.seconds += 1
        jobs.append(core.job())
    return jobs


def a_leader_of(*jobs: Job) -> NewLeader:
    leader = NewLeader(seconds=100)
    leader.begin({job.id: job for job in jobs})
    return leader


def test_each_step_reads_the_next_jobs_until_all_wait() -> None:
    jobs = queue(3)
    leader = a_leader_of(*jobs)

    seen = list[int]()
    while leader.state.unread:
        leader.say()
        seen.append(len(leader.state.startable))

    assert seen == [1, 2, 3]
    assert list(leader.state.jobs) == [job.id for job in jobs]
    assert leader.state.unread.next() == []


def test_a_job_that_is_gone_holds_up_no_other() -> None:
    gone, there = queue(2)
    leader = a_leader_of(gone, there)
    leader.rows = {there.id: there}

    leader.say()
    leader.say()

    assert list(leader.state.jobs) == [there.id]
    assert not leader.state.unread


def test_an_unread_job_can_be_canceled_and_does_not_come_back() -> None:
    first, second = queue(2)
    leader = a_leader_of(first, second)

    canceled = leader.cancel(second)
    leader.say()

    assert isinstance(canceled, JobView)
    assert canceled.status is JobStatus.CANCELED
    assert list(leader.state.jobs) == [first.id]


def test_a_canceled_batch_takes_its_unread_jobs_with_it() -> None:
    core, request = Core(), a_batch(3)
    core.ask(request)
    leader = NewLeader(seconds=100)
    leader.begin(dict(core.state.jobs), core.effects.batches)

    leader.ask(CancelBatch(actor=OWNER, batch_id=request.batch_id))

    ended = leader.effects.changed_jobs.values()
    assert [job.status for job in ended] == [JobStatus.CANCELED] * 3
    assert not leader.state.jobs


def test_unread_jobs_count_for_the_limits_of_the_queue() -> None:
    jobs = queue(3)
    leader = a_leader_of(*jobs)
    limits = Limits(max_waiting_jobs=3)

    refused = leader.refusal(a_submit(Actor(user_id=OWNER.user_id, limits=limits)))

    assert refused == "too_many_waiting"
    assert leader.state.queue_size == 3


def test_a_job_that_came_meanwhile_waits_behind_older_ones() -> None:
    jobs = queue(3)
    leader = a_leader_of(*jobs)

    newest = leader.job()
    while leader.state.unread:
        leader.say()

    [lines] = leader.state.startable.turns(newest.request.priority).values()
    [line] = lines.values()
    assert list(line) == [*(job.id for job in jobs), newest.id]


def test_the_owner_of_an_unread_job_is_told_why_it_waits() -> None:
    first, second = queue(2)
    leader = a_leader_of(first, second)
    leader.say()

    view = complete_view(leader.read_context(), job_view(second), forecast(leader.state))

    assert (view.reason, view.queue_position) == (UNREAD, None)
    assert explain_stored(leader.state, view).message == UNREAD

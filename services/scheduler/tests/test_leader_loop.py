"""The leader's term over a ledger that can fail, and queries over a job reader."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import UUID

import pytest
from pydantic import BaseModel

from contracts.access import Actor, Limits, Permission, Priority
from contracts.agent import AttemptOrder
from contracts.errors import ForbiddenError
from contracts.scheduler.job_requests import FindJobs, ListJobs, SubmitJob, SubmitJobView
from contracts.scheduler.jobs import JobStatus, JobView
from contracts.values import new_id
from runtime.cursor import Place
from runtime.testing.ports import eventually
from scheduler.domain.context import LoadedRows
from scheduler.domain.effects import Effects, KeyName, Recall
from scheduler.domain.jobs import Attempt, Job
from scheduler.domain.state import State
from scheduler.handlers.leader_loop import decide, lead
from scheduler.handlers.queries import find_jobs, list_jobs
from scheduler.ports import LeadershipLostError, LedgerUncertainError
from scheduler.service import Scheduler

from .fleet import a_submit

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass
class FakeLedger:
    jobs: dict[UUID, Job] = field(default_factory=dict[UUID, Job])
    failures: list[Exception] = field(default_factory=list[Exception])
    batches: list[int] = field(default_factory=list[int])

    async def load(self) -> State:
        return State()

    async def newest_time(self) -> datetime:
        return NOW

    async def look_up(self, jobs: Sequence[UUID], keys: Sequence[KeyName]) -> LoadedRows:
        assert not keys
        return LoadedRows({job_id: self.jobs[job_id] for job_id in jobs if job_id in self.jobs}, {})

    async def commit(self, effects: Effects) -> None:
        await asyncio.sleep(0)
        if self.failures and effects.new_jobs:
            raise self.failures.pop(0)
        self.jobs |= effects.new_jobs
        if effects.new_jobs:
            self.batches.append(len(effects.new_jobs))

    async def forget_old_keys(self) -> None: ...


class FakeAgents:
    async def announce(self) -> None: ...
    def order(self, attempt: Attempt, claim: int) -> None: ...
    def recall(self, recall: Recall) -> None: ...
    def stop_repeating(self, attempt_id: UUID) -> None: ...
    def write_order(self, attempt: Attempt) -> AttemptOrder:
        raise NotImplementedError

    async def close(self) -> None: ...


class FakeMeter:
    def batch(self, size: int, commit_seconds: float) -> None: ...
    def fleet(self, queued: int, running: int, nodes: dict[str, int]) -> None: ...


@dataclass
class FakeLeadership:
    epoch: int = 0
    is_taken: bool = False
    released: list[int] = field(default_factory=list[int])

    async def acquire(self, held: int | None) -> int | None:
        if self.is_taken:
            assert held is None, "a scheduler that lost the lead holds no epoch"
            return None
        self.epoch += 1
        return self.epoch

    async def release(self, epoch: int) -> None:
        self.released.append(epoch)


@dataclass
class FakeJobReader:
    """Holds views, newest first; remembers whose were asked for, and from which place."""

    views: list[JobView] = field(default_factory=list[JobView])
    asked: list[tuple[UUID | None, Place | None]] = field(
        default_factory=list[tuple[UUID | None, Place | None]]
    )

    async def find(self, ids: Sequence[UUID], owner_id: UUID | None) -> list[JobView]:
        self.asked.append((owner_id, None))
        return [view for view in self.views if view.id in ids]

    async def page(
        self, query: ListJobs, owner_id: UUID | None, after: Place | None
    ) -> list[JobView]:
        self.asked.append((owner_id, after))
        places = [(view.created_at, view.id) for view in self.views]
        begin = places.index(after) + 1 if after else 0
        return self.views[begin : begin + query.limit + 1]


@dataclass
class Leader:
    """A scheduler over fakes, which leads in a task of its own."""

    ledger: FakeLedger = field(default_factory=FakeLedger)
    leadership: FakeLeadership = field(default_factory=FakeLeadership)
    job_reader: FakeJobReader = field(default_factory=FakeJobReader)
    scheduler: Scheduler = field(init=False)

    def __post_init__(self) -> None:
        self.scheduler = Scheduler(
            leadership=self.leadership,
            open_ledger=lambda _: self.ledger,
            open_agents=lambda _epoch, _put: FakeAgents(),
            job_reader=self.job_reader,
            meter=FakeMeter(),
            is_connected=lambda: True,
            published=dict,
            wall=lambda: NOW,
        )

    def start(self) -> asyncio.Task[None]:
        return asyncio.create_task(lead(self.scheduler, serve))

    async def leads(self) -> None:
        await eventually(lambda: self.scheduler.term is not None)

    async def submit(self, command: SubmitJob) -> BaseModel:
        await self.leads()
        return await decide(self.scheduler, command)


async def serve() -> AsyncExitStack:
    """No bus: tests call the handlers."""
    return AsyncExitStack()


@pytest.fixture
async def leader() -> AsyncGenerator[Leader, None]:
    leader = Leader()
    leading = leader.start()
    yield leader
    leading.cancel()
    await asyncio.gather(leading, return_exceptions=True)


async def test_inputs_that_come_together_are_committed_together_before_any_answer(
    leader: Leader,
) -> None:
    await leader.leads()
    answers = await asyncio.gather(*(leader.submit(a_submit()) for _ in range(20)))

    assert leader.ledger.batches == [20]
    assert len(leader.ledger.jobs) == len(answers) == 20


async def test_after_a_failed_commit_nobody_is_answered_and_a_new_epoch_begins(
    leader: Leader,
) -> None:
    command = a_submit()
    leader.ledger.failures.append(LedgerUncertainError("the connection was reset"))
    with pytest.raises(asyncio.CancelledError):
        await leader.submit(command)

    again = await leader.submit(command)

    assert isinstance(again, SubmitJobView)
    assert again.job.status is JobStatus.QUEUED
    assert leader.leadership.epoch == 2


async def test_a_leader_that_lost_the_lead_stands_by(leader: Leader) -> None:
    await leader.leads()
    leader.leadership.is_taken = True
    leader.ledger.failures.append(LeadershipLostError("epoch 1 is over"))

    with pytest.raises(asyncio.CancelledError):
        await leader.submit(a_submit())

    await eventually(lambda: leader.scheduler.term is None)
    with pytest.raises(asyncio.CancelledError):
        await decide(leader.scheduler, a_submit())
    assert leader.ledger.jobs == {}


async def test_a_refusal_reaches_its_caller_alone(leader: Leader) -> None:
    poor = Actor(user_id=new_id(), limits=Limits(max_priority=Priority.BACKGROUND))
    refused, accepted = await asyncio.gather(
        leader.submit(a_submit(actor=poor)), leader.submit(a_submit()), return_exceptions=True
    )

    assert isinstance(refused, ForbiddenError)
    assert isinstance(accepted, SubmitJobView)


async def test_the_lead_is_released_in_the_end() -> None:
    leader = Leader()
    leading = leader.start()
    await leader.leads()
    leading.cancel()
    await asyncio.gather(leading, return_exceptions=True)

    assert leader.leadership.released == [1]


async def test_a_list_is_paged_to_its_end_and_completed_with_the_queue(leader: Leader) -> None:
    actor = Actor(user_id=new_id())
    for _ in range(3):
        answer = await leader.submit(a_submit(actor=actor))
        assert isinstance(answer, SubmitJobView)
        leader.job_reader.views.append(answer.job)
    first = await list_jobs(leader.scheduler, ListJobs(actor=actor, limit=2))
    following = ListJobs(actor=actor, limit=2, cursor=first.next_cursor)
    rest = await list_jobs(leader.scheduler, following)

    assert [job.queue_position for job in (*first.items, *rest.items)] == [1, 2, 3]
    assert rest.next_cursor is None
    last = first.items[-1]
    places = None, (last.created_at, last.id)
    assert leader.job_reader.asked == [(actor.user_id, place) for place in places]


async def test_only_a_permission_shows_the_jobs_of_other_owners(leader: Leader) -> None:
    await leader.leads()
    other, actor = new_id(), Actor(user_id=new_id())
    admin = Actor(user_id=new_id(), permissions=frozenset({Permission.JOBS_READ_ALL}))
    with pytest.raises(ForbiddenError):
        await list_jobs(leader.scheduler, ListJobs(actor=actor, owner_id=other))

    await find_jobs(leader.scheduler, FindJobs(actor=actor, job_ids=[]))
    await find_jobs(leader.scheduler, FindJobs(actor=admin, job_ids=[]))
    await list_jobs(leader.scheduler, ListJobs(actor=admin, owner_id=other))

    assert [owner_id for owner_id, _ in leader.job_reader.asked] == [actor.user_id, None, other]

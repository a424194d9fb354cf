"""The leader's loop over a ledger that fails when it is told to."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from time import monotonic
from uuid import UUID

import pytest

from contracts.access import Actor, Limits, Priority
from contracts.agent import AttemptOrder
from contracts.errors import ForbiddenError
from contracts.scheduler.job_requests import SubmitJobView
from contracts.scheduler.jobs import JobStatus
from contracts.values import new_id
from runtime.testing.ports import eventually
from scheduler.domain.effects import Effects, KeyName, Recall
from scheduler.domain.jobs import Attempt, Job
from scheduler.domain.state import State
from scheduler.domain.turn import Known
from scheduler.handlers.desk import Desk, World
from scheduler.handlers.inbox import Inbox
from scheduler.handlers.leading import lead
from scheduler.ports import LeadershipLostError, LedgerUncertainError

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

    async def look_up(self, jobs: Sequence[UUID], keys: Sequence[KeyName]) -> Known:
        assert not keys
        return Known({job_id: self.jobs[job_id] for job_id in jobs if job_id in self.jobs}, {})

    async def commit(self, effects: Effects) -> None:
        await asyncio.sleep(0)
        if self.failures and effects.new_jobs:
            raise self.failures.pop(0)
        self.jobs |= effects.new_jobs
        if effects.new_jobs:
            self.batches.append(len(effects.new_jobs))

    async def forget_old_keys(self) -> None: ...


class FakeAgents:
    def order(self, attempt: Attempt, claim: int) -> None: ...
    def recall(self, recall: Recall) -> None: ...
    def settle(self, attempt_id: UUID) -> None: ...
    def write(self, attempt: Attempt) -> AttemptOrder:
        raise NotImplementedError


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
            assert held is None, "who lost the lead holds no epoch"
            return None
        self.epoch += 1
        return self.epoch

    async def release(self, epoch: int) -> None:
        self.released.append(epoch)


@dataclass
class Office:
    """A scheduler over fakes, and the desk it has now."""

    ledger: FakeLedger = field(default_factory=FakeLedger)
    leadership: FakeLeadership = field(default_factory=FakeLeadership)
    desk: Desk | None = None

    @asynccontextmanager
    async def open_desk(self, epoch: int) -> AsyncGenerator[Desk, None]:
        world = World(
            ledger=self.ledger,
            agents=FakeAgents(),
            meter=FakeMeter(),
            wall=lambda: NOW,
            steady=monotonic,
            new_id=new_id,
            is_connected=lambda: True,
            published=dict,
        )
        self.desk = Desk(world, epoch, await self.ledger.load(), NOW, Inbox())
        try:
            yield self.desk
        finally:
            self.desk = None

    async def at_work(self) -> Desk:
        await eventually(lambda: self.desk is not None)
        assert self.desk
        return self.desk


@pytest.fixture
async def office() -> AsyncGenerator[Office, None]:
    office = Office()
    leading = asyncio.create_task(lead(office.leadership, office.open_desk))
    yield office
    leading.cancel()
    await asyncio.gather(leading, return_exceptions=True)


async def test_what_came_together_is_committed_together_before_it_is_answered(
    office: Office,
) -> None:
    desk = await office.at_work()
    answers = await asyncio.gather(*(desk.ask(a_submit()) for _ in range(20)))

    assert office.ledger.batches == [20]
    assert len(office.ledger.jobs) == len(answers) == 20


async def test_after_a_failed_commit_nobody_is_answered_and_a_new_epoch_begins(
    office: Office,
) -> None:
    desk, request = await office.at_work(), a_submit()
    office.ledger.failures.append(LedgerUncertainError("the connection was reset"))
    with pytest.raises(asyncio.CancelledError):
        await desk.ask(request)

    again = await (await office.at_work()).ask(request)

    assert isinstance(again, SubmitJobView)
    assert again.job.status is JobStatus.QUEUED
    assert office.leadership.epoch == 2


async def test_who_lost_the_lead_stands_by(office: Office) -> None:
    desk = await office.at_work()
    office.leadership.is_taken = True
    office.ledger.failures.append(LeadershipLostError("epoch 1 is over"))

    with pytest.raises(asyncio.CancelledError):
        await desk.ask(a_submit())

    await eventually(lambda: office.desk is None)
    with pytest.raises(asyncio.CancelledError):
        await desk.ask(a_submit())
    assert office.ledger.jobs == {}


async def test_a_refusal_reaches_its_caller_alone(office: Office) -> None:
    desk = await office.at_work()
    poor = Actor(user_id=new_id(), limits=Limits(max_priority=Priority.BACKGROUND))
    refused, accepted = await asyncio.gather(
        desk.ask(a_submit(actor=poor)), desk.ask(a_submit()), return_exceptions=True
    )

    assert isinstance(refused, ForbiddenError)
    assert isinstance(accepted, SubmitJobView)


async def test_the_lead_is_released_in_the_end() -> None:
    office = Office()
    leading = asyncio.create_task(lead(office.leadership, office.open_desk))
    await office.at_work()
    leading.cancel()
    await asyncio.gather(leading, return_exceptions=True)

    assert office.leadership.released == [1]

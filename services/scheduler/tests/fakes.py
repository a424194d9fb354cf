"""A scheduler over fakes of its ports, which leads in a task of its own."""

import asyncio
from collections.abc import Awaitable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import UUID

from pydantic import BaseModel

from contracts.agent import AttemptOrder
from contracts.scheduler.batches import BatchView, ListBatches
from contracts.scheduler.dispatch import OwnerLoad
from contracts.scheduler.job_requests import ListJobs, SubmitJob
from contracts.scheduler.jobs import JobView
from contracts.scheduler.timings import AttemptView
from contracts.scheduler.usage import FindUsage, UsageRow
from runtime.cursor import Place
from runtime.testing.ports import eventually
from scheduler.domain.context import LoadedRows
from scheduler.domain.effects import Effects, KeyName, KeyUse, Recall
from scheduler.domain.jobs import Attempt, Job
from scheduler.domain.state import State
from scheduler.handlers.leader_loop import decide, lead
from scheduler.ports import JobCounts, LedgerUncertainError
from scheduler.service import Scheduler

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass
class FakeLedger:
    jobs: dict[UUID, Job] = field(default_factory=dict[UUID, Job])
    failures: list[Exception] = field(default_factory=list[Exception])
    batches: list[int] = field(default_factory=list[int])
    renewed: asyncio.Event = field(default_factory=asyncio.Event)
    """A commit of nothing came."""
    readings: list[Awaitable[object]] = field(default_factory=list[Awaitable[object]])
    """The next look-up waits for one."""
    unreadable: int = 0
    """So many loads fail first."""

    async def load(self) -> State:
        if self.unreadable:
            self.unreadable -= 1
            raise LedgerUncertainError("the rows cannot be read")
        return State()

    async def look_up(
        self,
        jobs: Sequence[UUID],
        keys: Sequence[KeyName],
        batches: Sequence[UUID],
        waiting: Sequence[UUID] = (),
    ) -> LoadedRows:
        if self.readings:
            await self.readings.pop()
        assert all(operation == "delete_job" for _, operation, _ in keys)
        assert not batches
        assert not waiting
        return LoadedRows({job_id: self.jobs[job_id] for job_id in jobs if job_id in self.jobs}, {})

    async def commit(self, effects: Effects) -> None:
        await asyncio.sleep(0)
        if not effects.answers:
            self.renewed.set()
        if self.failures and effects.new_jobs:
            raise self.failures.pop(0)
        self.jobs |= effects.new_jobs
        if effects.new_jobs:
            self.batches.append(len(effects.new_jobs))


class FakeAgents:
    async def announce(self) -> None: ...
    def order(self, attempt: Attempt, claim: int) -> None: ...
    def recall(self, recall: Recall) -> None: ...
    def stop_repeating(self, attempt_id: UUID) -> None: ...
    def write_order(self, attempt: Attempt) -> AttemptOrder:
        raise NotImplementedError

    async def close(self) -> None: ...


@dataclass
class FakeRetention:
    deleted: list[str] = field(default_factory=list[str])

    async def delete_old_jobs(self) -> int:
        self.deleted.append("jobs")
        return 0

    async def delete_old_batches(self) -> None:
        self.deleted.append("batches")

    async def delete_old_keys(self) -> None:
        self.deleted.append("keys")

    async def delete_old_usage(self) -> None:
        self.deleted.append("usage")


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

    async def is_there(self) -> bool:
        return True

    async def find(self, ids: Sequence[UUID], owner_id: UUID | None) -> list[JobView]:
        self.asked.append((owner_id, None))
        return [view for view in self.views if view.id in ids]

    async def attempts(self, job_id: UUID) -> list[AttemptView]:
        raise NotImplementedError(job_id)

    async def needed_graphs(self, after: str, limit: int) -> list[str]:
        raise NotImplementedError(after, limit)

    async def key_use(self, name: KeyName) -> KeyUse | None:
        raise NotImplementedError(name)

    async def page(
        self, query: ListJobs, owner_id: UUID | None, after: Place | None
    ) -> tuple[list[JobView], Place | None]:
        self.asked.append((owner_id, after))
        places = [(view.created_at, view.id) for view in self.views]
        begin = places.index(after) + 1 if after else 0
        end = begin + query.limit
        return self.views[begin:end], places[end - 1] if places[end:] else None


class FakeUsageReader:
    async def sums(
        self, query: FindUsage, owner_id: UUID | None, after: Sequence[object] | None
    ) -> list[UsageRow]:
        raise NotImplementedError(query, owner_id, after)


@dataclass
class FakeOverviewReader:
    """Holds counts."""

    counts: JobCounts = field(default_factory=lambda: JobCounts({}, {}, None))
    owners: list[OwnerLoad] = field(default_factory=list[OwnerLoad])

    async def job_counts(self) -> JobCounts:
        return self.counts

    async def busiest_owners(self) -> list[OwnerLoad]:
        return self.owners


@dataclass
class FakeBatchReader:
    """Holds views, newest first."""

    views: list[BatchView] = field(default_factory=list[BatchView])

    async def find(self, batch_id: UUID, owner_id: UUID | None) -> BatchView | None:
        seen = (view for view in self.views if owner_id in (None, view.owner_id))
        return next((view for view in seen if view.id == batch_id), None)

    async def page(
        self, query: ListBatches, owner_id: UUID | None, after: Place | None
    ) -> tuple[list[BatchView], Place | None]:
        seen = [view for view in self.views if owner_id in (None, view.owner_id)]
        places = [(view.created_at, view.id) for view in seen]
        begin = places.index(after) + 1 if after else 0
        end = begin + query.limit
        return seen[begin:end], places[end - 1] if places[end:] else None


@dataclass
class Leader:
    """A scheduler over fakes, which leads in a task of its own."""

    ledger: FakeLedger = field(default_factory=FakeLedger)
    leadership: FakeLeadership = field(default_factory=FakeLeadership)
    job_reader: FakeJobReader = field(default_factory=FakeJobReader)
    batch_reader: FakeBatchReader = field(default_factory=FakeBatchReader)
    usage_reader: FakeUsageReader = field(default_factory=FakeUsageReader)
    overview_reader: FakeOverviewReader = field(default_factory=FakeOverviewReader)
    retention: FakeRetention = field(default_factory=FakeRetention)
    has_nats: bool = True
    scheduler: Scheduler = field(init=False)

    def __post_init__(self) -> None:
        self.scheduler = Scheduler(
            leadership=self.leadership,
            open_ledger=lambda _: self.ledger,
            open_agents=lambda _epoch, _put: FakeAgents(),
            job_reader=self.job_reader,
            batch_reader=self.batch_reader,
            usage_reader=self.usage_reader,
            overview_reader=self.overview_reader,
            retention=self.retention,
            meter=FakeMeter(),
            is_connected=lambda: self.has_nats,
            published=dict,
            cut_off_seconds=0.0,
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

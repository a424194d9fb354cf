"""A scheduler in a task of this process that tries to lead: a real Postgres, and no bus."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import asyncpg

from runtime.bus.client import Bus
from runtime.outbox.relay import Relay
from runtime.testing.ports import eventually
from scheduler.adapters.sql_leadership import SqlLeadership
from scheduler.adapters.sql_ledger import SqlLedger
from scheduler.domain.state import Limits, State
from scheduler.handlers.leader_loop import lead
from scheduler.service import Scheduler

from .fakes import (
    FakeAgents,
    FakeBatchReader,
    FakeJobReader,
    FakeMeter,
    FakeOverviewReader,
    FakeRetention,
    FakeUsageReader,
    serve,
)


class CountingLeadership(SqlLeadership):
    asked = 0

    async def acquire(self, held: int | None) -> int | None:
        epoch = await super().acquire(held)
        self.asked += 1
        return epoch


class SlowLedger(SqlLedger):
    may_load: Callable[[], Awaitable[bool] | bool] = staticmethod(lambda: True)

    async def load(self) -> State:
        state = await super().load()
        await eventually(self.may_load, within=60)
        return state


@dataclass
class Contender:
    """A scheduler that tries to lead in a task of its own."""

    pool: asyncpg.Pool
    may_load: Callable[[], Awaitable[bool] | bool] = lambda: True
    leadership: CountingLeadership = field(init=False)
    scheduler: Scheduler = field(init=False)
    leading: asyncio.Task[None] = field(init=False)

    def __post_init__(self) -> None:
        self.leadership = CountingLeadership(self.pool)
        self.scheduler = Scheduler(
            leadership=self.leadership,
            open_ledger=self.open_ledger,
            open_agents=lambda _epoch, _put: FakeAgents(),
            job_reader=FakeJobReader(),
            batch_reader=FakeBatchReader(),
            usage_reader=FakeUsageReader(),
            overview_reader=FakeOverviewReader(),
            retention=FakeRetention(),
            meter=FakeMeter(),
            is_connected=lambda: True,
            published=dict,
        )
        self.leading = asyncio.create_task(lead(self.scheduler, serve))

    def open_ledger(self, epoch: int) -> SqlLedger:
        ledger = SlowLedger(self.pool, a_relay(self.pool), epoch, Limits())
        ledger.may_load = self.may_load
        return ledger

    @property
    def leads(self) -> bool:
        return self.scheduler.term is not None

    async def stop(self) -> None:
        self.leading.cancel()
        await asyncio.gather(self.leading, return_exceptions=True)


def a_relay(pool: asyncpg.Pool) -> Relay:
    return Relay(pool.acquire, Bus("scheduler"))

"""The history of a job is read within bounds: one place for a user, so many facts, so long."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from uuid import UUID, uuid4

import pytest

from contracts.errors import UnavailableError
from contracts.event import Position
from contracts.scheduler.job_events import JobQueued
from contracts.scheduler.jobs import JobView
from gateway.app import build
from gateway.http.problems import RefusedError
from gateway.live.sources import MAX_SKIPPED, missed_of_job, reading
from gateway.media.store import http_store
from gateway.service import Gateway
from gateway.settings import GatewaySettings
from runtime.bus import event_stream
from runtime.bus.client import Bus
from runtime.outbox.messages import event
from runtime.outbox.relay import publish
from runtime.process.service import running
from runtime.testing.servers import NatsServer

from .owners import FakeScheduler

VERSIONS = [1, 2, 3]
ENDS = Position(1, 0), Position(1, 1)


@asynccontextmanager
async def a_gateway_and_its_scheduler(
    nats: NatsServer,
) -> AsyncGenerator[tuple[Gateway, FakeScheduler], None]:
    """A gateway that remembers no events, so that it reads the stored stream."""
    settings = GatewaySettings.model_validate(
        {
            "nats_url": nats.url,
            "nats_password": nats.passwords["gateway"],
            "url_secret": "u" * 32,
            "idempotency_secret": "i" * 32,
            "log_level": "error",
        }
    )
    password = nats.passwords["scheduler"]
    async with (
        Bus.connect(nats.url, service="scheduler", password=password) as bus,
        http_store(downloads=1, uploads=1) as store,
        running(settings, "gateway") as runtime,
    ):
        gateway = build(settings, runtime, store)
        gateway.catch_ups.wait_seconds = 0
        yield gateway, FakeScheduler(bus)


async def a_finished_job(scheduler: FakeScheduler, owner_id: UUID) -> JobView:
    job_id = scheduler.add(owner_id).id
    await scheduler.queue(job_id)
    await scheduler.start(job_id)
    await scheduler.complete(job_id)
    return scheduler.jobs[job_id]


async def versions_shown(gateway: Gateway, view: JobView) -> list[int]:
    return [fact.version for fact in await missed_of_job(gateway, view, 0)]


async def test_one_user_reads_one_history_at_a_time_and_others_read_theirs(
    nats: NatsServer,
) -> None:
    async with a_gateway_and_its_scheduler(nats) as (gateway, scheduler):
        mine = await a_finished_job(scheduler, uuid4())
        theirs = await a_finished_job(scheduler, uuid4())
        async with reading(gateway, mine.owner_id, *ENDS, 30.0):
            with pytest.raises(RefusedError) as refused:
                async with reading(gateway, mine.owner_id, *ENDS, 30.0):
                    raise AssertionError("a user has one place")
            without_history = await versions_shown(gateway, mine)
            beside = await versions_shown(gateway, theirs)
        later = await versions_shown(gateway, mine)

    assert refused.value.status == 429
    assert (without_history, beside, later) == ([], VERSIONS, VERSIONS)


async def test_a_history_behind_too_many_other_facts_is_left_out(nats: NatsServer) -> None:
    async with a_gateway_and_its_scheduler(nats) as (gateway, scheduler):
        owner_id = uuid4()
        early = await a_finished_job(scheduler, owner_id)
        other = scheduler.add(owner_id).id
        facts = [scheduler.thin(JobQueued, other, version=n + 1) for n in range(MAX_SKIPPED)]
        for begin in range(0, MAX_SKIPPED, 100):
            part = facts[begin : begin + 100]
            assert await publish(scheduler.bus, [event(fact) for fact in part]) == []
        late = await a_finished_job(scheduler, owner_id)

        assert await versions_shown(gateway, early) == VERSIONS
        assert await versions_shown(gateway, late) == []


async def test_reading_that_takes_too_long_ends_and_gives_its_place_back(
    nats: NatsServer,
) -> None:
    async with a_gateway_and_its_scheduler(nats) as (gateway, scheduler):
        job = await a_finished_job(scheduler, uuid4())
        ends = await event_stream.bounds(gateway.bus)
        with pytest.raises(UnavailableError):
            async with reading(gateway, job.owner_id, *ends, 0.0) as facts:
                raise AssertionError([fact async for fact in facts])

        assert not gateway.catch_ups.held
        assert await versions_shown(gateway, job) == VERSIONS

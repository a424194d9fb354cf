"""Batches through a real scheduler process: one answer, all or nothing, also over a new leader."""

from collections import Counter

import asyncpg
import pytest

from contracts.access import Actor, IdempotencyKey
from contracts.errors import ConflictError, NotFoundError
from contracts.message import Accepted
from contracts.scheduler.batches import (
    BatchItem,
    BatchView,
    CancelBatch,
    FindBatch,
    FindSubmittedBatch,
    ListBatches,
    SubmitBatch,
    SubmitBatchView,
    job_ids,
)
from contracts.scheduler.job_requests import JobTemplate, ListJobs, Requirements
from contracts.scheduler.jobs import JobStatus
from contracts.values import new_id
from runtime.bus import event_stream
from runtime.bus.client import Bus
from runtime.testing.ports import eventually

from .fleet import ADMIN, Schedulers

KEY = IdempotencyKey(key="k", body_digest="digest")


def a_batch(count: int, key: IdempotencyKey | None = None) -> SubmitBatch:
    return SubmitBatch(
        actor=ADMIN,
        batch_id=new_id(),
        template=JobTemplate(workflow="solid@1", version_hash="h", inputs={"prompt": "a"}),
        requirements=[Requirements()],
        items=[BatchItem(inputs={"seed": seed}, seed=seed) for seed in range(count)],
        idempotency=key,
    )


async def find(gateway: Bus, batch: SubmitBatch) -> BatchView:
    return await gateway.call(FindBatch(actor=ADMIN, batch_id=batch.batch_id))


async def test_a_thousand_jobs_are_accepted_and_canceled_as_one(
    schedulers: Schedulers, gateway: Bus
) -> None:
    schedulers.start()
    batch = a_batch(1_000, KEY)
    _, before = await event_stream.bounds(gateway)
    after = before._replace(sequence=before.sequence + 2_000)

    submitted = await gateway.call(batch, within=15)
    queued = await find(gateway, batch)
    page = await gateway.call(ListJobs(actor=ADMIN, batch_id=batch.batch_id, limit=3))
    canceled = await gateway.call(CancelBatch(actor=ADMIN, batch_id=batch.batch_id), within=15)
    over = await find(gateway, batch)

    assert submitted == SubmitBatchView(batch_id=batch.batch_id)
    assert queued.job_count_by_status[JobStatus.QUEUED] == queued.job_count == 1_000
    ids = list(job_ids(batch.batch_id, 1_000))
    assert [job.id for job in page.items] == ids[:-4:-1]
    assert canceled == Accepted()
    assert over.job_count_by_status[JobStatus.CANCELED] == 1_000
    assert (over.fraction, over.finished_at is None) == (1.0, False)

    async def are_published() -> bool:
        return (await event_stream.bounds(gateway))[1] >= after

    await eventually(are_published, 20)
    facts = Counter[str]()
    async for event in event_stream.read_stored(gateway, "event.job.>", before, after):
        facts[event.subject.split(".")[2]] += 1
    assert facts == {"queued": 1_000, "canceled": 1_000}


async def test_a_repeat_to_the_next_leader_is_the_same_batch(
    schedulers: Schedulers, gateway: Bus
) -> None:
    first = schedulers.start()
    batch = a_batch(20, KEY)
    await gateway.call(batch, within=15)
    schedulers.start()
    first.kill()

    again = await gateway.call(batch, within=15)
    without_key = await gateway.call(batch.model_copy(update={"idempotency": None}))

    assert again == SubmitBatchView(batch_id=batch.batch_id, is_replay=True)
    assert without_key == SubmitBatchView(batch_id=batch.batch_id)
    connection = await asyncpg.connect(schedulers.database_url)
    assert await connection.fetchval("SELECT count(*) FROM jobs") == 20
    await connection.close()


async def test_a_batch_is_found_by_its_key_and_by_its_owner_alone(
    schedulers: Schedulers, gateway: Bus
) -> None:
    schedulers.start()
    batch, stranger = a_batch(2, KEY), Actor(user_id=new_id())
    await gateway.call(batch, within=15)
    found = await gateway.call(FindSubmittedBatch(actor=ADMIN, idempotency=KEY))
    listed = await gateway.call(ListBatches(actor=ADMIN))
    theirs = await gateway.call(ListBatches(actor=stranger))
    changed = KEY.model_copy(update={"body_digest": "another"})
    unknown = KEY.model_copy(update={"key": "unknown"})

    assert found == listed.items[0] == await find(gateway, batch)
    assert theirs.items == []
    with pytest.raises(ConflictError):
        await gateway.call(FindSubmittedBatch(actor=ADMIN, idempotency=changed))
    stranger_key = FindSubmittedBatch(actor=stranger, idempotency=KEY)
    for query in (FindSubmittedBatch(actor=ADMIN, idempotency=unknown), stranger_key):
        with pytest.raises(NotFoundError):
            await gateway.call(query)
    with pytest.raises(NotFoundError):
        await gateway.call(FindBatch(actor=stranger, batch_id=batch.batch_id))
    with pytest.raises(NotFoundError):
        await gateway.call(CancelBatch(actor=stranger, batch_id=batch.batch_id))

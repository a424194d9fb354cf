"""The job of an idempotency key, asked for without submitting anything."""

import pytest

from contracts.access import IdempotencyKey
from contracts.errors import ConflictError
from contracts.scheduler.job_requests import FindSubmitted
from runtime.bus.client import Bus

from .fleet import ADMIN, Schedulers, a_submit


async def test_a_key_names_the_job_that_it_created(schedulers: Schedulers, gateway: Bus) -> None:
    schedulers.start()
    command = a_submit(key="k")
    job_id = (await gateway.call(command, within=15)).job.id
    key = command.idempotency or IdempotencyKey(key="k", body_digest="digest")
    found = await gateway.call(FindSubmitted(actor=ADMIN, idempotency=key))
    other = key.model_copy(update={"key": "other"})
    unknown = await gateway.call(FindSubmitted(actor=ADMIN, idempotency=other))
    changed = key.model_copy(update={"body_digest": "another"})
    with pytest.raises(ConflictError):
        await gateway.call(FindSubmitted(actor=ADMIN, idempotency=changed))

    assert [job.id for job in found.items] == [job_id]
    assert unknown.items == []

"""The job of an idempotency key, asked for without submitting anything."""

from pathlib import Path

import pytest

from contracts.access import IdempotencyKey
from contracts.errors import ConflictError
from contracts.scheduler.job_requests import FindSubmitted
from runtime.bus.client import Bus
from runtime.testing.postgres import PostgresServer
from runtime.testing.servers import NatsServer

from .fleet import ADMIN, Schedulers, a_submit


async def test_a_key_names_the_job_that_it_created(
    nats: NatsServer, postgres: PostgresServer, tmp_path: Path
) -> None:
    scheduler = Schedulers(nats, await postgres.database_for("scheduler"), tmp_path / "log")
    scheduler.start()
    try:
        password = nats.passwords["gateway"]
        async with Bus.connect(nats.url, service="gateway", password=password) as gateway:
            command = a_submit(key="k")
            job_id = (await gateway.call(command, within=15)).job.id
            key = command.idempotency or IdempotencyKey(key="k", body_digest="digest")
            query = FindSubmitted(actor=ADMIN, idempotency=key)
            found = await gateway.call(query)
            other = key.model_copy(update={"key": "other"})
            unknown = await gateway.call(FindSubmitted(actor=ADMIN, idempotency=other))
            changed = key.model_copy(update={"body_digest": "another"})
            with pytest.raises(ConflictError):
                await gateway.call(FindSubmitted(actor=ADMIN, idempotency=changed))
    finally:
        scheduler.kill_all()

    assert [job.id for job in found.items] == [job_id]
    assert unknown.items == []

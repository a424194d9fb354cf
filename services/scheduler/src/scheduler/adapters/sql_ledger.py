"""The ledger in Postgres: one transaction for each batch, fenced by the leader's row."""

from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import asyncpg

from contracts.services import NODES
from runtime.outbox import messages as outbox
from runtime.outbox.relay import Relay
from scheduler.adapters import batch_rows, job_rows, node_rows, usage_rows
from scheduler.adapters.statements import Call, readable
from scheduler.adapters.stored_state import ROWS_AT_ONCE, read_state, read_waiting, slices
from scheduler.domain.context import LoadedRows
from scheduler.domain.effects import Effects, KeyName, KeyUse
from scheduler.domain.jobs import Batch
from scheduler.domain.state import Limits, State
from scheduler.ports import LeadershipLostError, LedgerUncertainError

FENCE = "UPDATE leader SET beat_at = clock_timestamp() WHERE epoch = $1"

UPDATE_DISPATCH = "UPDATE dispatch SET version = $1, paused_by = $2, paused_at = $3, reason = $4"

INSERT_KEYS = """INSERT INTO idempotency
    (owner_id, operation, key, body_digest, created_id, created_at)
    SELECT owner_id, operation, key, body_digest, created_id, now()
    FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::uuid[])
    AS n(owner_id, operation, key, body_digest, created_id)
    ON CONFLICT (owner_id, operation, key) DO UPDATE SET body_digest = excluded.body_digest,
     created_id = excluded.created_id, created_at = excluded.created_at"""

SELECT_KEYS = """SELECT owner_id, operation, key, body_digest, created_id FROM idempotency
    WHERE (owner_id, operation, key) IN
     (SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[]))
    AND created_at > now() - interval '24 hours'"""

FAILURES = (
    OSError,
    TimeoutError,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # a connection that the server ended at the wrong moment
)


@contextmanager
def uncertain() -> Generator[None, None, None]:
    """Raise LedgerUncertain if the block fails: it may have had its effect or not."""
    try:
        yield
    except FAILURES as error:
        raise LedgerUncertainError(str(error)) from error


class SqlLedger:
    def __init__(
        self, pool: asyncpg.Pool, relay: Relay, epoch: int, limits: Limits, secret: str = ""
    ) -> None:
        self._pool = pool
        self._relay = relay
        self._epoch = epoch
        self._limits = limits
        self._secret = secret

    async def load(self) -> State:
        with uncertain():
            return await read_state(self._pool, self._limits, self._secret)

    async def look_up(
        self,
        jobs: Sequence[UUID],
        keys: Sequence[KeyName],
        batches: Sequence[UUID],
        waiting: Sequence[UUID] = (),
    ) -> LoadedRows:
        if not jobs and not keys and not batches and not waiting:
            return LoadedRows()
        with uncertain():
            async with self._pool.acquire() as connection:
                uses = await look_up_keys(connection, keys)
                wanted = [*jobs, *(use.created_id for use in uses.values())]
                rows = slices(connection, wanted, job_rows.SELECT_JOBS, ROWS_AT_ONCE)
                found = [readable(job_rows.read_job, row) async for row in rows]
                named = await look_up_batches(connection, batches)
                queued, count = await read_waiting(connection, waiting)
        by_id = {job.id: job for job in (*found, *queued) if job}
        return LoadedRows(by_id, uses, named, waiting[:count])

    async def commit(self, effects: Effects) -> None:
        # Serialized first: Postgres ends a transaction that idles, and the lead waits for it.
        calls = list(writing(effects))
        with uncertain():
            async with self._pool.acquire() as connection, connection.transaction():
                if await connection.execute(FENCE, self._epoch) == "UPDATE 0":
                    raise LeadershipLostError(f"epoch {self._epoch} is over")
                for statement, values in calls:
                    await connection.execute(statement, *values)
        if effects.events or effects.node_entries:
            self._relay.nudge()


async def look_up_keys(connection: Any, keys: Sequence[KeyName]) -> dict[KeyName, KeyUse]:
    if not keys:
        return {}
    rows = await connection.fetch(SELECT_KEYS, *zip(*keys, strict=True))
    return {
        (row["owner_id"], row["operation"], row["key"]): KeyUse(
            row["body_digest"], row["created_id"]
        )
        for row in rows
    }


async def look_up_batches(connection: Any, ids: Sequence[UUID]) -> dict[UUID, Batch]:
    if not ids:
        return {}
    rows = await connection.fetch(batch_rows.SELECT_BATCHES, ids)
    found = (readable(batch_rows.read_batch, row) for row in rows)
    return {batch.id: batch for batch in found if batch}


def writing(effects: Effects) -> Iterator[Call]:
    """Yield the statements that write all rows of a batch, then those of the outbox."""
    yield from job_rows.INSERT_JOBS.of(effects.new_jobs.values())
    yield from batch_rows.INSERT_BATCHES.of(effects.batches.values())
    yield from job_rows.UPDATE_JOBS.of(effects.changed_jobs.values())
    yield from job_rows.UPDATE_REQUESTS.of(effects.changed_requests.values())
    yield from job_rows.UPSERT_ATTEMPTS.of(effects.attempts.values())
    yield from usage_rows.ADD_USAGE.of(effects.usage.items())
    yield from node_rows.UPSERT_NODES.of(effects.nodes.values())
    yield from node_rows.write_capabilities(effects.capabilities.values())
    if effects.deleted_jobs:
        yield from job_rows.delete_jobs(list(effects.deleted_jobs))
    if effects.keys:
        rows = ((*name, use.body_digest, use.created_id) for name, use in effects.keys.items())
        yield INSERT_KEYS, [*zip(*rows, strict=True)]
    if effects.removed_nodes:
        yield node_rows.DELETE_NODES, (list(effects.removed_nodes),)
        yield node_rows.DELETE_UNUSED_NAMES, ()
    if pause := effects.dispatch:
        yield UPDATE_DISPATCH, (pause.version, pause.paused_by, pause.paused_at, pause.reason)
    yield from outbox.inserts(outgoing(effects))


def outgoing(effects: Effects) -> list[outbox.Outgoing]:
    entries = [
        outbox.put(NODES, str(node_id), entry) if entry else outbox.delete(NODES, str(node_id))
        for node_id, entry in effects.node_entries.items()
    ]
    return [outbox.event(fact) for fact in effects.events] + entries

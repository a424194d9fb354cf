"""Raw graphs on Postgres, each published in the transaction that stores it."""

from collections.abc import Callable, Collection
from datetime import timedelta
from typing import Any

from sqlalchemy import and_, delete, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from sqlalchemy.sql.dml import ReturningDelete

from contracts.errors import NotFoundError, UnavailableError
from contracts.registry.graphs import UNNUMBERED
from contracts.registry.workflows import WorkflowVersionRecord
from contracts.services import WORKFLOWS
from runtime.outbox import messages as outbox
from runtime.postgres.transaction import transaction
from workflow_registry.adapters.tables import graphs
from workflow_registry.domain.checks import record
from workflows import WorkflowVersion

SURE_FOR = timedelta(days=1)
"""A graph stays at least so long after its last use, for its jobs may still wait."""
SENT_AT_ONCE = 500
"""Most graphs that one transaction publishes again, and deletions in one row of the outbox."""
FULL = "the fleet keeps as many raw graphs as it may; see COMFYFLEET_MAX_GRAPHS_MB"
GONE = "the raw graph is gone, because it was not used for long; post it again"


class SqlGraphs:
    """Bounded in days and in bytes."""

    def __init__(
        self, engine: AsyncEngine, committed: Callable[[], None], keep_days: int, most_bytes: int
    ) -> None:
        self._engine = engine
        self._committed = committed
        self._keep = timedelta(days=keep_days)
        self._most_bytes = most_bytes

    async def keep(self, version: WorkflowVersion) -> None:
        async with transaction(self._engine) as connection:
            await outbox.lock_writers(connection)
            if not await use(connection, version.hash):
                await self._add(connection, record(version, number=UNNUMBERED))
        self._committed()

    async def _add(self, connection: AsyncConnection, added: WorkflowVersionRecord) -> None:
        size = len(added.model_dump_json().encode())
        if await stored_bytes(connection) + size > self._most_bytes:
            await self._delete_old(connection, self._most_bytes - size)
            if await stored_bytes(connection) + size > self._most_bytes:
                raise UnavailableError(FULL, code="graphs_full", retry_in=60)
        values = {"hash": added.hash, "record": added.model_dump(), "size_bytes": size}
        await connection.execute(insert(graphs).values(values))
        await outbox.append(connection, [entry(added)])

    async def use(self, version_hash: str) -> None:
        async with transaction(self._engine) as connection:
            if not await use(connection, version_hash):
                raise NotFoundError(GONE, code="version_gone")

    async def prune(self) -> None:
        async with transaction(self._engine) as connection:
            await outbox.lock_writers(connection)
            await self._delete_old(connection, self._most_bytes)
        self._committed()

    async def _delete_old(self, connection: AsyncConnection, most_bytes: int) -> None:
        gone = await connection.scalars(old_graphs(self._keep, most_bytes))
        deletions = [outbox.delete(WORKFLOWS, version_key(version_hash)) for version_hash in gone]
        for first in range(0, len(deletions), SENT_AT_ONCE):
            await outbox.append(connection, deletions[first : first + SENT_AT_ONCE])


async def stored_bytes(connection: AsyncConnection) -> int:
    return await connection.scalar(select(func.sum(graphs.c.size_bytes))) or 0


def old_graphs(keep: timedelta, most_bytes: int) -> ReturningDelete[Any]:
    """Delete what was unused for so long, and the longest unused beyond so many bytes."""
    newest_first = func.sum(graphs.c.size_bytes).over(order_by=graphs.c.used_at.desc())
    sizes = select(graphs.c.hash, newest_first.label("upto")).subquery()
    surplus = select(sizes.c.hash).where(sizes.c.upto > most_bytes)
    is_surplus = and_(graphs.c.hash.in_(surplus), graphs.c.used_at < func.now() - SURE_FOR)
    is_old = graphs.c.used_at < func.now() - keep
    return delete(graphs).where(or_(is_old, is_surplus)).returning(graphs.c.hash)


async def use(connection: AsyncConnection, version_hash: str) -> bool:
    """Count the graph as used; return whether it is stored."""
    used = update(graphs).where(graphs.c.hash == version_hash).values(used_at=func.now())
    return bool((await connection.execute(used)).rowcount)


async def publish_missing(connection: AsyncConnection, published: Collection[str]) -> set[str]:
    """Publish graphs that readers lack, newest first; return the hashes of all stored ones."""
    stored = list(await connection.scalars(select(graphs.c.hash).order_by(graphs.c.used_at.desc())))
    missing = [version_hash for version_hash in stored if version_hash not in published]
    for version_hash in missing[:SENT_AT_ONCE]:
        found = await connection.scalar(
            select(graphs.c.record).where(graphs.c.hash == version_hash)
        )
        await outbox.append(connection, [entry(WorkflowVersionRecord.model_validate(found))])
    return set(stored)


def entry(stored: WorkflowVersionRecord) -> outbox.Outgoing:
    return outbox.put(WORKFLOWS, version_key(stored.hash), stored)


def version_key(version_hash: str) -> str:
    return f"version.{version_hash}"

"""Raw graphs on Postgres, each published in the transaction that stores it."""

from collections.abc import Awaitable, Callable, Collection
from datetime import timedelta
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import (
    ColumnElement,
    Select,
    Text,
    and_,
    delete,
    func,
    literal,
    or_,
    select,
    tuple_,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from contracts.errors import NotFoundError, UnavailableError
from contracts.registry.graphs import UNNUMBERED
from contracts.registry.workflows import WorkflowVersionRecord
from contracts.services import WORKFLOWS
from runtime.outbox import messages as outbox
from runtime.postgres.retention_time import ClockReading, read_clock
from runtime.postgres.transaction import transaction
from workflow_registry.adapters.tables import graphs
from workflow_registry.domain.checks import record
from workflow_registry.domain.raw_graphs import GraphBounds
from workflows import WorkflowVersion

log = structlog.get_logger()

SURE_FOR = timedelta(minutes=10)
"""A graph stays so long after its last use: its job may be on the way to the scheduler."""
FILLED = 0.75
"""Part of the bounds that stays full, so that there is room for new graphs until the next time."""
PART_OF_REST = 0.5
"""Part that an owner may have of the room that others leave: nobody's jobs can fill it."""
NOBODY = UUID(int=0)
"""Owner of graphs that were stored before they had owners."""
SENT_AT_ONCE = 500
"""Most graphs that one transaction publishes again, and deletions in one row of the outbox."""
FULL = "the fleet keeps as many raw graphs as it may; see COMFYFLEET_MAX_GRAPHS_MB"
PART_FULL = (
    "your raw graphs have {} KiB, half of the room that those of others leave; they are deleted "
    "after their jobs; see COMFYFLEET_MAX_GRAPHS_MB"
)
SHARE_FULL = (
    "your raw graphs have {} MiB, as many as those of one user may; they are deleted after their "
    "jobs; see COMFYFLEET_MAX_GRAPHS_MB_PER_OWNER"
)
GONE = "the raw graph is gone, because it was not used for long; post it again"
TRY_AGAIN_SECONDS = 60


class SqlGraphs:
    """Bounded in days and in bytes, for each owner and together.

    A row is one owner's use of a graph. The graph is published as long as it has a row.
    """

    def __init__(
        self, engine: AsyncEngine, committed: Callable[[], None], bounds: GraphBounds
    ) -> None:
        self._engine = engine
        self._committed = committed
        self._bounds = bounds

    async def keep(self, owner_id: UUID, version: WorkflowVersion) -> None:
        async with transaction(self._engine) as connection:
            await outbox.lock_writers(connection)
            if await use(connection, owner_id, version.hash):
                return
            stored = await find(connection, version.hash)
            added = stored or record(version, number=UNNUMBERED)
            await self._add(connection, owner_id, added)
            if stored is None:
                await outbox.append(connection, [entry(added)])
        self._committed()

    async def use(self, owner_id: UUID, version_hash: str) -> None:
        async with transaction(self._engine) as connection:
            await outbox.lock_writers(connection)
            if await use(connection, owner_id, version_hash):
                return
            stored = await find(connection, version_hash)
            if stored is None:
                raise NotFoundError(GONE, code="version_gone")
            await self._add(connection, owner_id, stored)

    async def _add(
        self, connection: AsyncConnection, owner_id: UUID, added: WorkflowVersionRecord
    ) -> None:
        size = len(added.model_dump_json().encode())
        share = self._bounds.most_bytes_per_owner
        kept = await stored_bytes(connection, graphs.c.owner_id == owner_id) + size
        if kept > share:
            message = SHARE_FULL.format(share // 1024**2)
            raise UnavailableError(message, code="too_many_graphs", retry_in=TRY_AGAIN_SECONDS)
        of_others = await stored_bytes(connection, graphs.c.owner_id != owner_id)
        if kept > PART_OF_REST * (self._bounds.most_bytes - of_others):
            had = kept - size
            message = PART_FULL.format(had // 1024) if had else FULL
            raise UnavailableError(message, code="graphs_full", retry_in=TRY_AGAIN_SECONDS)
        values = {
            "hash": added.hash,
            "owner_id": owner_id,
            "record": added.model_dump(),
            "size_bytes": size,
        }
        await connection.execute(insert(graphs).values(values))

    async def prune(self, needed: Callable[[], Awaitable[Collection[str]]]) -> None:
        """Delete what was last used before the question which graphs are needed.

        Whoever used a graph later may have sent a job that the answer does not know.
        """
        now = await read_clock(self._engine)
        async with transaction(self._engine) as connection:
            if not await connection.scalar(select(self._to_delete(now, ()).exists())):
                return
        kept = await needed()
        async with transaction(self._engine) as connection:
            await outbox.lock_writers(connection)
            rows = self._to_delete(now, kept)
            deleted = delete(graphs).where(tuple_(graphs.c.hash, graphs.c.owner_id).in_(rows))
            gone = set(await connection.scalars(deleted.returning(graphs.c.hash)))
            left = select(graphs.c.hash).where(graphs.c.hash.in_(among(gone)))
            gone -= set(await connection.scalars(left))
            deletions = [outbox.delete(WORKFLOWS, version_key(hash_)) for hash_ in gone]
            for first in range(0, len(deletions), SENT_AT_ONCE):
                await outbox.append(connection, deletions[first : first + SENT_AT_ONCE])
        self._committed()

    async def publish_missing(
        self, published: Collection[str], needed: Callable[[], Awaitable[Collection[str]]]
    ) -> None:
        """Publish all graphs that readers lack; other writers come in between.

        Graphs of unfinished jobs come first, in the order of their use, and those of the last
        minutes with them, since their jobs may be on the way; then the others, newest first.
        """
        used_at = func.max(graphs.c.used_at)
        is_recent = (used_at > func.now() - SURE_FOR).label("is_recent")
        rows = select(graphs.c.hash, is_recent).group_by(graphs.c.hash).order_by(used_at)
        async with transaction(self._engine) as connection:
            stored = {row.hash: row.is_recent for row in await connection.execute(rows)}
        if not (missing := [one for one in stored if one not in published]):
            return
        try:
            wanted = set(await needed())
        except UnavailableError as error:
            log.warning("needed_graphs_unknown", reason=error.message)
            wanted = set[str]()
        first = [one for one in missing if stored[one] or one in wanted]
        ordered = list(dict.fromkeys(first + missing[::-1]))
        for begin in range(0, len(ordered), SENT_AT_ONCE):
            async with transaction(self._engine) as connection:
                await outbox.lock_writers(connection)
                for version_hash in ordered[begin : begin + SENT_AT_ONCE]:
                    if found := await find(connection, version_hash):
                        await outbox.append(connection, [entry(found)])
            self._committed()

    def _to_delete(self, now: ClockReading, needed: Collection[str]) -> Select[Any, Any]:
        """Select rows unused for too long, and of the surplus the longest unused.

        Of an owner, surplus is whatever keeps him near the bounds of `_add`. The room that others
        leave counts once they have no surplus: the next time, if they have some now.
        """
        bounds = self._bounds
        most_of_all = FILLED * bounds.most_bytes
        is_needed = graphs.c.hash.in_(among(needed))
        order = (is_needed.desc(), graphs.c.used_at.desc(), graphs.c.hash)
        size, owner_id = func.sum(graphs.c.size_bytes), graphs.c.owner_id
        found = select(
            graphs.c.hash,
            owner_id,
            graphs.c.used_at,
            is_needed.label("is_needed"),
            size.over(order_by=(*order, owner_id)).label("bytes"),
            size.over(partition_by=owner_id, order_by=order).label("bytes_of_owner"),
            size.over().label("bytes_of_all"),
            (size.over() - size.over(partition_by=owner_id)).label("bytes_of_others"),
        ).subquery()
        part = PART_OF_REST * (bounds.most_bytes - found.c.bytes_of_others)
        has_too_much = or_(
            found.c.bytes_of_owner > FILLED * bounds.most_bytes_per_owner,
            and_(found.c.bytes_of_all <= most_of_all, found.c.bytes_of_owner > FILLED * part),
        )
        is_surplus = or_(
            found.c.bytes > most_of_all, and_(has_too_much, found.c.owner_id != NOBODY)
        )
        return select(found.c.hash, found.c.owner_id).where(
            ~found.c.is_needed,
            found.c.used_at < now.time_for(SURE_FOR) - SURE_FOR,
            or_(is_surplus, found.c.used_at < now.time - bounds.keep),
        )


def among(hashes: Collection[str]) -> Select[tuple[str]]:
    """Select the hashes from one parameter, for they may be more than a statement's parameters."""
    return select(func.unnest(literal(list(hashes), ARRAY(Text))))


async def stored_bytes(connection: AsyncConnection, *conditions: ColumnElement[bool]) -> int:
    return await connection.scalar(select(func.sum(graphs.c.size_bytes)).where(*conditions)) or 0


async def use(connection: AsyncConnection, owner_id: UUID, version_hash: str) -> bool:
    """Count the graph as used by this owner; return whether it is stored for him."""
    is_his = and_(graphs.c.hash == version_hash, graphs.c.owner_id == owner_id)
    used = update(graphs).where(is_his).values(used_at=func.now())
    return bool((await connection.execute(used)).rowcount)


async def find(connection: AsyncConnection, version_hash: str) -> WorkflowVersionRecord | None:
    found = select(graphs.c.record).where(graphs.c.hash == version_hash).limit(1)
    stored = await connection.scalar(found)
    return WorkflowVersionRecord.model_validate(stored) if stored else None


async def stored_hashes(connection: AsyncConnection) -> set[str]:
    return set(await connection.scalars(select(graphs.c.hash).distinct()))


def entry(stored: WorkflowVersionRecord) -> outbox.Outgoing:
    return outbox.put(WORKFLOWS, version_key(stored.hash), stored)


def version_key(version_hash: str) -> str:
    return f"version.{version_hash}"

"""Workflows and versions on Postgres, published through the outbox."""

from collections import defaultdict
from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from contracts.errors import NotFoundError
from contracts.registry.requests import VersionSummary
from contracts.registry.workflows import WorkflowEntry, WorkflowVersionRecord
from contracts.services import WORKFLOWS
from runtime import clock
from runtime.outbox import messages as outbox
from runtime.postgres.transaction import transaction
from workflow_registry.adapters.sql_graphs import stored_hashes, version_key
from workflow_registry.adapters.tables import versions, workflows
from workflow_registry.domain.checks import record
from workflow_registry.domain.events import with_events
from workflow_registry.domain.lifecycle import Change, active_hash, published

CLASSES = text("""
    SELECT DISTINCT node.value ->> 'class_type' AS class
    FROM versions JOIN workflows USING (name), json_each(versions.graph) AS node
    WHERE (about ->> 'is_deleted') IS DISTINCT FROM 'true'
""")
"""Text, because in Core a lateral call of `json_each` reads worse."""
COLUMNS = {"name", "active_version", "versions", "drafts"}
"""Fields of a workflow that are not in its column `about`."""


class SqlWorkflows:
    """Workflows and versions; each change is published in the transaction that made it."""

    def __init__(self, engine: AsyncEngine, committed: Callable[[], None]) -> None:
        self._engine = engine
        self._committed = committed

    async def update(
        self,
        decide: Callable[[Mapping[str, WorkflowEntry]], list[Change]],
        author: UUID | None = None,
    ) -> list[Change]:
        async with transaction(self._engine) as connection:
            await outbox.lock_writers(connection)
            known, now = await all_workflows(connection), clock.now()
            changes: list[Change] = []
            for decided in decide(known):
                before = known.get(decided.workflow.name)
                change, events = with_events(before, decided, author, now)
                await save(connection, before, change, author)
                await outbox.append(connection, [outbox.event(event) for event in events])
                changes.append(change)
        self._committed()
        return changes

    async def find(self, name: str) -> WorkflowEntry | None:
        async with transaction(self._engine) as connection:
            return (await all_workflows(connection)).get(name)

    async def version(self, version_hash: str) -> WorkflowVersionRecord:
        async with transaction(self._engine) as connection:
            return await one_version(connection, version_hash)

    async def classes(self) -> frozenset[str]:
        async with transaction(self._engine) as connection:
            return frozenset(await connection.scalars(CLASSES))

    async def versions(self, name: str, limit: int) -> list[VersionSummary]:
        shown = versions.c["hash", "created_at", "created_by", "activated_at"]
        statement = (
            select(versions.c.number.label("version"), *shown, workflows.c.active_version)
            .join(workflows)
            .where(versions.c.name == name)
            .order_by(versions.c.number.desc())
            .limit(limit)
        )
        async with transaction(self._engine) as connection:
            return [summary(row) for row in (await connection.execute(statement)).mappings()]

    async def sync(self, names: Mapping[str, WorkflowEntry], version_hashes: set[str]) -> None:
        """Publish entries and versions of workflows that differ from what the bucket has.

        Take back versions and raw graphs that are gone. A version never changes, so the presence
        of its hash is enough.
        """
        async with transaction(self._engine) as connection:
            await outbox.lock_writers(connection)
            known = (await all_workflows(connection)).values()
            wanted = {name_key(workflow.name): published(workflow) for workflow in known}
            listed = {digest for shown in wanted.values() for digest in shown.versions.values()}
            listed |= await stored_hashes(connection)
            for key, shown in wanted.items():
                missing = [one for one in shown.versions.values() if one not in version_hashes]
                if missing or names.get(key) != shown:
                    await publish(connection, shown, missing)
            surplus = [version_key(digest) for digest in sorted(version_hashes - listed)]
            surplus += sorted(names.keys() - wanted.keys())
            await outbox.append(connection, [outbox.delete(WORKFLOWS, key) for key in surplus])
        self._committed()


async def all_workflows(connection: AsyncConnection) -> dict[str, WorkflowEntry]:
    hashes: defaultdict[str, dict[int, str]] = defaultdict(dict)
    drafts: defaultdict[str, list[int]] = defaultdict(list)
    columns = (versions.c.name, versions.c.number, versions.c.hash, versions.c.activated_at)
    for row in await connection.execute(select(*columns).order_by(versions.c.number)):
        hashes[row.name][row.number] = row.hash
        if row.activated_at is None:
            drafts[row.name].append(row.number)
    return {
        row.name: WorkflowEntry(
            name=row.name,
            active_version=row.active_version,
            versions=hashes[row.name],
            drafts=drafts[row.name],
            **row.about,
        )
        for row in await connection.execute(select(workflows))
    }


async def one_version(connection: AsyncConnection, version_hash: str) -> WorkflowVersionRecord:
    found = await connection.execute(select(versions).where(versions.c.hash == version_hash))
    if (row := found.mappings().one_or_none()) is None:
        raise NotFoundError("there is no such version")
    return WorkflowVersionRecord(**row, version=row["number"])


async def save(
    connection: AsyncConnection, before: WorkflowEntry | None, change: Change, author: UUID | None
) -> None:
    """Store the change, and publish it with the versions that readers did not have."""
    workflow = change.workflow
    values: dict[str, Any] = {
        "active_version": workflow.active_version,
        "about": workflow.model_dump(mode="json", exclude=COLUMNS),
    }
    statement = insert(workflows).values(name=workflow.name, **values)
    changed = {**values, "updated_at": func.now()}
    await connection.execute(statement.on_conflict_do_update(index_elements=["name"], set_=changed))
    if change.added:
        added = record(change.added, number=change.number).model_dump()
        number = added.pop("version")
        await connection.execute(insert(versions).values(**added, number=number, created_by=author))
    activated = update(versions).where(
        versions.c.name == workflow.name,
        versions.c.number == workflow.active_version,
        versions.c.activated_at.is_(None),
    )
    await connection.execute(activated.values(activated_at=func.now()))
    shown, known = published(workflow), published(before).versions if before else {}
    had = set(known.values())
    new = [version_hash for version_hash in shown.versions.values() if version_hash not in had]
    await publish(connection, shown, new)


async def publish(connection: AsyncConnection, shown: WorkflowEntry, missing: list[str]) -> None:
    """Publish a name after the versions that readers lack.

    Each version is a row of its own: the relay reads many rows at once. The active one shares the
    row of the name, which is not stored if that version is refused.
    """
    active = active_hash(shown)
    for version_hash in missing:
        if version_hash != active:
            await outbox.append(connection, [await version_entry(connection, version_hash)])
    row = [await version_entry(connection, active)] if active in missing else []
    needed = version_key(active) if active else None
    row.append(outbox.put(WORKFLOWS, name_key(shown.name), shown, requires=needed))
    await outbox.append(connection, row)


async def version_entry(connection: AsyncConnection, version_hash: str) -> outbox.Outgoing:
    version = await one_version(connection, version_hash)
    return outbox.put(WORKFLOWS, version_key(version_hash), version)


def summary(row: RowMapping) -> VersionSummary:
    status = "inactive" if row["activated_at"] else "draft"
    is_active = row["version"] == row["active_version"]
    return VersionSummary(**row, status="active" if is_active else status)


def name_key(name: str) -> str:
    return f"name.{name}"

"""The catalogue on Postgres, published through the outbox."""

import json
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from contracts.errors import NotFoundError
from contracts.registry.requests import VersionSummary
from contracts.registry.workflows import WorkflowName, WorkflowVersionRecord
from contracts.services import WORKFLOWS
from runtime import clock
from runtime.outbox import messages as outbox
from runtime.postgres.transaction import transaction
from workflow_registry.domain.catalogue import Change, published
from workflow_registry.domain.checking import record
from workflow_registry.domain.facts import told

ALONE = text("SELECT pg_advisory_xact_lock(hashtext(current_schema()), 1)")
"""Advisory locks are the database's, which services share: the schema tells them apart."""
ALL_WORKFLOWS = text("SELECT name, active_version, about FROM workflows")
ALL_VERSIONS = text("""
    SELECT name, number, hash, activated_at IS NULL AS is_draft FROM versions ORDER BY number
""")
ONE_VERSION = text("SELECT name, number, hash, graph, spec FROM versions WHERE hash = :hash")
SAVE_WORKFLOW = text("""
    INSERT INTO workflows (name, active_version, about) VALUES (:name, :active_version, :about)
    ON CONFLICT (name) DO UPDATE
    SET active_version = excluded.active_version, about = excluded.about, updated_at = now()
""")
ADD_VERSION = text("""
    INSERT INTO versions (name, number, hash, graph, spec, created_by)
    VALUES (:name, :number, :hash, :graph, :spec, :created_by)
""")
WAS_ACTIVE = text("""
    UPDATE versions SET activated_at = now()
    WHERE name = :name AND number = :number AND activated_at IS NULL
""")
CLASSES = text("""
    SELECT DISTINCT node.value ->> 'class_type' AS class
    FROM versions JOIN workflows USING (name), json_each(versions.graph) AS node
    WHERE (about ->> 'is_deleted') IS DISTINCT FROM 'true'
""")
SUMMARIES = text("""
    SELECT number, hash, versions.created_at, created_by, activated_at, active_version
    FROM versions JOIN workflows USING (name)
    WHERE name = :name ORDER BY number DESC LIMIT :most
""")
STORED_APART = {"name", "active_version", "versions", "drafts"}


class SqlCatalogue:
    """Workflows and versions; each change is announced in the transaction that made it."""

    def __init__(self, engine: AsyncEngine, committed: Callable[[], None]) -> None:
        self._engine = engine
        self._committed = committed

    async def update(
        self,
        decide: Callable[[Mapping[str, WorkflowName]], list[Change]],
        author: UUID | None = None,
    ) -> list[Change]:
        async with transaction(self._engine) as connection:
            await connection.execute(ALONE)
            known, now = await workflows(connection), clock.now()
            changes: list[Change] = []
            for decided in decide(known):
                before = known.get(decided.workflow.name)
                change, facts = told(before, decided, author, now)
                await save(connection, before, change, author)
                await outbox.append(connection, [outbox.event(fact) for fact in facts])
                changes.append(change)
        self._committed()
        return changes

    async def find(self, name: str) -> WorkflowName | None:
        async with transaction(self._engine) as connection:
            return (await workflows(connection)).get(name)

    async def version(self, digest: str) -> WorkflowVersionRecord:
        async with transaction(self._engine) as connection:
            return await version(connection, digest)

    async def classes(self) -> frozenset[str]:
        async with transaction(self._engine) as connection:
            return frozenset(await connection.scalars(CLASSES))

    async def versions(self, name: str, most: int) -> list[VersionSummary]:
        async with transaction(self._engine) as connection:
            rows = await connection.execute(SUMMARIES, {"name": name, "most": most})
            return [summary(row) for row in rows]

    async def mend(self, names: Mapping[str, WorkflowName], versions: Collection[str]) -> None:
        """Publish what the bucket lacks: `names` and the keys of `versions` are what it has.

        A version never changes, so that its key is there is enough.
        """
        async with transaction(self._engine) as connection:
            await connection.execute(ALONE)
            known = (await workflows(connection)).values()
            wanted = {name_key(workflow.name): published(workflow) for workflow in known}
            hashes = {key for workflow in wanted.values() for key in workflow.versions.values()}
            there = {version_hash(key) for key in versions}
            for key, workflow in wanted.items():
                missing = [digest for digest in workflow.versions.values() if digest not in there]
                if missing or names.get(key) != workflow:
                    await publish(connection, workflow, missing)
            surplus = [version_key(digest) for digest in sorted(there - hashes)]
            surplus += sorted(names.keys() - wanted.keys())
            await outbox.append(connection, [outbox.delete(WORKFLOWS, key) for key in surplus])
        self._committed()


async def workflows(connection: AsyncConnection) -> dict[str, WorkflowName]:
    versions: defaultdict[str, dict[int, str]] = defaultdict(dict)
    drafts: defaultdict[str, list[int]] = defaultdict(list)
    for row in await connection.execute(ALL_VERSIONS):
        versions[row.name][row.number] = row.hash
        if row.is_draft:
            drafts[row.name].append(row.number)
    return {
        row.name: WorkflowName(
            name=row.name,
            active_version=row.active_version,
            versions=versions[row.name],
            drafts=drafts[row.name],
            **row.about,
        )
        for row in await connection.execute(ALL_WORKFLOWS)
    }


async def version(connection: AsyncConnection, digest: str) -> WorkflowVersionRecord:
    row = (await connection.execute(ONE_VERSION, {"hash": digest})).one_or_none()
    if row is None:
        raise NotFoundError("there is no such version")
    return WorkflowVersionRecord(
        name=row.name, version=row.number, hash=row.hash, graph=row.graph, spec=row.spec
    )


async def save(
    connection: AsyncConnection, before: WorkflowName | None, change: Change, author: UUID | None
) -> None:
    """Store the change, and publish it with the versions that readers did not have."""
    workflow = change.workflow
    about = workflow.model_dump(mode="json", exclude=STORED_APART)
    await connection.execute(
        SAVE_WORKFLOW,
        {
            "name": workflow.name,
            "active_version": workflow.active_version,
            "about": json.dumps(about),
        },
    )
    if change.added:
        added = record(change.added, number=change.number)
        await connection.execute(ADD_VERSION, columns(added) | {"created_by": author})
    active = {"name": workflow.name, "number": workflow.active_version}
    await connection.execute(WAS_ACTIVE, active)
    shown = published(workflow)
    had = set(published(before).versions.values() if before else ())
    news = [digest for digest in shown.versions.values() if digest not in had]
    await publish(connection, shown, news)


def columns(added: WorkflowVersionRecord) -> dict[str, Any]:
    return {
        "name": added.name,
        "number": added.version,
        "hash": added.hash,
        "graph": json.dumps(added.graph),
        "spec": json.dumps(added.spec),
    }


async def publish(connection: AsyncConnection, shown: WorkflowName, missing: list[str]) -> None:
    """Versions that readers lack, each in a row of its own: the relay reads many rows at once.

    The active one shares the row of the name, which is not stored if that version is refused.
    """
    active = shown.versions.get(shown.active_version or 0)
    for digest in missing:
        if digest != active:
            await outbox.append(connection, [await entry(connection, digest)])
    row = [await entry(connection, active)] if active in missing else []
    needed = version_key(active) if active else None
    row.append(outbox.put(WORKFLOWS, name_key(shown.name), shown, after=needed))
    await outbox.append(connection, row)


async def entry(connection: AsyncConnection, digest: str) -> outbox.Outgoing:
    return outbox.put(WORKFLOWS, version_key(digest), await version(connection, digest))


def summary(row: Any) -> VersionSummary:
    state = "inactive" if row.activated_at else "draft"
    return VersionSummary(
        version=row.number,
        hash=row.hash,
        status="active" if row.number == row.active_version else state,
        created_at=row.created_at,
        created_by=row.created_by,
        activated_at=row.activated_at,
    )


def name_key(name: str) -> str:
    return f"name.{name}"


def version_key(digest: str) -> str:
    return f"version.{digest}"


def version_hash(key: str) -> str:
    return key.removeprefix("version.")

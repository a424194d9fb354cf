"""The catalogue on Postgres, published through the outbox."""

import json
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from contracts.buckets import WORKFLOWS
from contracts.catalog import WorkflowName, WorkflowVersionRecord
from contracts.errors import NotFoundError
from contracts.registry import VersionSummary
from runtime import clock, outbox
from runtime.mending import corrections
from runtime.transactions import transaction
from workflow_registry.domain.catalogue import Change
from workflow_registry.domain.checking import record
from workflow_registry.domain.facts import told

ALONE = text("SELECT pg_advisory_xact_lock(hashtext(current_schema()), 1)")
"""Advisory locks are the database's, which services share: the schema tells them apart."""
ALL_WORKFLOWS = text("SELECT name, active_version, about FROM workflows")
ALL_VERSIONS = text("SELECT name, number, hash FROM versions")
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
STORED_APART = {"name", "active_version", "versions"}


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
                change, facts = told(known.get(decided.workflow.name), decided, author, now)
                await save(connection, change, author)
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
            wanted = await workflows(connection)
            keyed = {name_key(name): workflow for name, workflow in wanted.items()}
            hashes = {key for workflow in wanted.values() for key in workflow.versions.values()}
            for missing in sorted(hashes - {version_hash(key) for key in versions}):
                await publish_version(connection, await version(connection, missing))
            surplus = sorted(key for key in versions if version_hash(key) not in hashes)
            await outbox.append(connection, [outbox.delete(WORKFLOWS, key) for key in surplus])
            await outbox.append(connection, corrections(WORKFLOWS, keyed, names))
        self._committed()


async def workflows(connection: AsyncConnection) -> dict[str, WorkflowName]:
    versions: defaultdict[str, dict[int, str]] = defaultdict(dict)
    for row in await connection.execute(ALL_VERSIONS):
        versions[row.name][row.number] = row.hash
    return {
        row.name: WorkflowName(
            name=row.name,
            active_version=row.active_version,
            versions=versions[row.name],
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


async def save(connection: AsyncConnection, change: Change, author: UUID | None) -> None:
    """Store the change; the version is published before the name that leads to it."""
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
        await publish_version(connection, added)
    active = {"name": workflow.name, "number": workflow.active_version}
    await connection.execute(WAS_ACTIVE, active)
    named = outbox.put(WORKFLOWS, name_key(workflow.name), workflow)
    await outbox.append(connection, [named])


def columns(added: WorkflowVersionRecord) -> dict[str, Any]:
    return {
        "name": added.name,
        "number": added.version,
        "hash": added.hash,
        "graph": json.dumps(added.graph),
        "spec": json.dumps(added.spec),
    }


async def publish_version(connection: AsyncConnection, published: WorkflowVersionRecord) -> None:
    """Give it an outbox row of its own: the relay reads many rows at once."""
    put = outbox.put(WORKFLOWS, version_key(published.hash), published)
    await outbox.append(connection, [put])


def summary(row: Any) -> VersionSummary:
    state = "inactive" if row.activated_at else "draft"
    return VersionSummary(
        version=row.number,
        hash=row.hash,
        state="active" if row.number == row.active_version else state,
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

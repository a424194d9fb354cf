"""Ports of the registry in memory, and the service over them."""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from contracts.access import IdempotencyKey
from contracts.errors import NotFoundError
from contracts.registry.presets import ListPresets, PresetView
from contracts.registry.requests import VersionSummary
from contracts.registry.workflows import (
    ModelFolder,
    ServerClasses,
    WorkflowEntry,
    WorkflowVersionRecord,
)
from contracts.scheduler.nodes import NodeView
from runtime.cursor import Place
from workflow_registry.domain.checks import record
from workflow_registry.domain.descriptions import Description, read_description
from workflow_registry.domain.lifecycle import Change
from workflow_registry.service import Registry
from workflows import WorkflowVersion
from workflows.compatibility.safety import FORBIDDEN

NOW = datetime(2026, 1, 1, tzinfo=UTC)


class FakeWorkflows:
    def __init__(self) -> None:
        self.workflows: dict[str, WorkflowEntry] = {}
        self.records: dict[str, WorkflowVersionRecord] = {}
        self.added: list[str] = []
        self.problems: list[str | None] = []
        self.authors: list[UUID | None] = []

    async def update(
        self,
        decide: Callable[[Mapping[str, WorkflowEntry]], list[Change]],
        author: UUID | None = None,
    ) -> list[Change]:
        changes = decide(self.workflows)
        self.authors.append(author)
        for change in changes:
            self.workflows[change.workflow.name] = change.workflow
            self.problems.append(change.workflow.problem)
            if change.added:
                self.added.append(change.added.hash)
                self.records[change.added.hash] = record(change.added, number=change.number)
        return changes

    async def find(self, name: str) -> WorkflowEntry | None:
        return self.workflows.get(name)

    async def version(self, version_hash: str) -> WorkflowVersionRecord:
        if version_hash not in self.records:
            raise NotFoundError("there is no such version")
        return self.records[version_hash]

    async def classes(self) -> frozenset[str]:
        graphs = [known.graph for known in self.records.values()]
        return frozenset(node["class_type"] for graph in graphs for node in graph.values())

    async def versions(self, name: str, limit: int) -> list[VersionSummary]:
        known = self.workflows.get(name)
        numbers = sorted(known.versions.items(), reverse=True) if known else []
        return [
            VersionSummary(version=number, hash=digest, status="draft", created_at=NOW)
            for number, digest in numbers[:limit]
        ]


class FakeGraphs:
    def __init__(self) -> None:
        self.kept: dict[str, WorkflowVersion] = {}
        self.used: list[str] = []
        self.owners: list[UUID] = []
        self.needed: Collection[str] = ()

    async def keep(self, owner_id: UUID, version: WorkflowVersion) -> None:
        self.owners.append(owner_id)
        self.kept[version.hash] = version

    async def use(self, owner_id: UUID, version_hash: str) -> None:
        if version_hash not in self.kept:
            raise NotFoundError("the raw graph is gone", code="version_gone")
        self.owners.append(owner_id)
        self.used.append(version_hash)

    async def prune(self, needed: Callable[[], Awaitable[Collection[str]]]) -> None:
        self.needed = await needed()


class FakeJobs:
    async def needed_graphs(self) -> Collection[str]:
        return {"needed"}


class FakeDescriptions:
    def __init__(self, **packed: bytes) -> None:
        self.packed = packed
        self.reads = 0

    async def known(self, digests: Collection[str]) -> set[str]:
        return set(digests) & self.packed.keys()

    async def newest(self, limit: int) -> set[str]:
        return set(list(self.packed)[:limit])

    async def read(self, digest: str) -> Description:
        self.reads += 1
        return read_description(digest, self.packed[digest])

    async def add(self, digest: str, page: int, pages: int, data: bytes) -> bool:
        self.packed[digest] = self.packed.get(digest, b"") + data
        return page == pages - 1

    async def prune(self, in_use: Collection[str]) -> None:
        self.packed = {digest: self.packed[digest] for digest in in_use}


class FakePresets:
    """Knows no preset: those are tested on a real Postgres."""

    async def add(self, preset: PresetView, key: IdempotencyKey | None) -> PresetView:
        raise NotImplementedError(preset, key)

    async def find(self, preset_id: UUID, user_id: UUID) -> PresetView:
        raise NotImplementedError(preset_id, user_id)

    async def change(
        self, preset_id: UUID, owner_id: UUID, changes: dict[str, Any], now: datetime
    ) -> PresetView:
        raise NotImplementedError(preset_id, owner_id, changes, now)

    async def delete(self, preset_id: UUID, owner_id: UUID) -> None:
        raise NotImplementedError(preset_id, owner_id)

    async def page(self, query: ListPresets, after: Place | None) -> list[PresetView]:
        raise NotImplementedError(query, after)


class FakeBucket:
    """Holds what the stored workflows publish."""

    def __init__(self, workflows: FakeWorkflows) -> None:
        self.workflows = workflows
        self.syncs = 0
        self.models: Sequence[ModelFolder] = ()
        self.servers: Sequence[ServerClasses] = ()
        self.is_folder_read = False

    async def names(self) -> Mapping[str, WorkflowEntry]:
        return dict(self.workflows.workflows)

    async def put_servers(
        self, models: Sequence[ModelFolder], servers: Sequence[ServerClasses]
    ) -> None:
        self.models, self.servers = models, servers

    async def sync(self) -> None:
        self.syncs += 1

    async def put_folder_reading(self) -> None:
        self.is_folder_read = True


class FakeNodes:
    def __init__(self, *views: NodeView) -> None:
        self.views = list(views)
        self.looks = 0
        self.error: Exception | None = None

    async def all(self) -> list[NodeView]:
        if self.error:
            raise self.error
        self.looks += 1
        return self.views


class FakeRegistry:
    """The registry over fakes; `packed` are descriptions by digest."""

    def __init__(self, *nodes: NodeView, **packed: bytes) -> None:
        self.workflows = FakeWorkflows()
        self.graphs = FakeGraphs()
        self.descriptions = FakeDescriptions(**packed)
        self.nodes = FakeNodes(*nodes)
        self.bucket = FakeBucket(self.workflows)
        self.service = Registry(
            workflows=self.workflows,
            graphs=self.graphs,
            presets=FakePresets(),
            jobs=FakeJobs(),
            descriptions=self.descriptions,
            nodes=self.nodes,
            bucket=self.bucket,
            forbidden=FORBIDDEN,
        )

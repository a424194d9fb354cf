"""Ports of the registry: the database, the nodes and the published bucket."""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from contracts.access import IdempotencyKey
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
from workflow_registry.domain.descriptions import Description
from workflow_registry.domain.lifecycle import Change
from workflows import WorkflowVersion


class Workflows(Protocol):
    """Workflows and their versions."""

    async def update(
        self,
        decide: Callable[[Mapping[str, WorkflowEntry]], list[Change]],
        author: UUID | None = None,
    ) -> list[Change]:
        """Pass every workflow to `decide`, then store and publish the changes it returns.

        One transaction; other replicas wait until it has ended. Returns the changes.
        """
        ...

    async def find(self, name: str) -> WorkflowEntry | None: ...

    async def version(self, version_hash: str) -> WorkflowVersionRecord:
        """Return the version with this hash. Raises NotFound."""
        ...

    async def classes(self) -> frozenset[str]:
        """Return every graph-node class in a version of a workflow that is not deleted."""
        ...

    async def versions(self, name: str, limit: int) -> Sequence[VersionSummary]:
        """Return the newest versions of a workflow, newest first."""
        ...


class Graphs(Protocol):
    """Raw graphs by hash and owner: an equal graph of two owners counts for both.

    `keep` and `use` raise Unavailable: `too_many_graphs` for an owner with his share of the
    bytes, `graphs_full` for one with half of the room that the graphs of others leave.
    """

    async def keep(self, owner_id: UUID, version: WorkflowVersion) -> None:
        """Store and publish the graph unless it is stored; its owner uses it now."""
        ...

    async def use(self, owner_id: UUID, version_hash: str) -> None:
        """Keep a stored graph for this owner too, who uses it now. Raises NotFound."""
        ...

    async def prune(self, needed: Callable[[], Awaitable[Collection[str]]]) -> None:
        """Delete graphs that were not used for long, and surplus ones, but none that is needed.

        `needed` returns hashes; it is called only if there is something to delete.
        """


class Presets(Protocol):
    """Presets by owner; methods raise NotFound for what the user may not see or change."""

    async def add(self, preset: PresetView, key: IdempotencyKey | None) -> PresetView:
        """Store the preset, or return what this command or its key made before.

        Raises Conflict: `too_many_presets`, or if the key or the id belongs to something else.
        """
        ...

    async def find(self, preset_id: UUID, user_id: UUID) -> PresetView: ...

    async def change(
        self, preset_id: UUID, owner_id: UUID, changes: dict[str, Any], now: datetime
    ) -> PresetView: ...

    async def delete(self, preset_id: UUID, owner_id: UUID) -> None:
        """Delete it, if it is there."""
        ...

    async def page(self, query: ListPresets, after: Place | None) -> list[PresetView]:
        """Return one more than a page has, if there are more; newest first."""
        ...


class Jobs(Protocol):
    async def needed_graphs(self) -> Collection[str]:
        """Return the hashes of raw graphs that unfinished jobs need. Raises Unavailable."""
        ...


class Descriptions(Protocol):
    """Descriptions of servers, by digest; kept when the servers are gone."""

    async def known(self, digests: Collection[str]) -> set[str]:
        """Return which of the digests are stored."""
        ...

    async def newest(self, limit: int) -> set[str]:
        """Return the digests that were used last."""
        ...

    async def read(self, digest: str) -> Description:
        """Return the description. Raises NotFound."""
        ...

    async def add(self, digest: str, page: int, pages: int, data: bytes) -> bool:
        """Store one page; return whether the description is complete now.

        Raises Invalid if the content has another digest.
        """
        ...

    async def prune(self, in_use: Collection[str]) -> None:
        """Delete descriptions that were long unused, and pages that were never completed."""


class Nodes(Protocol):
    async def all(self) -> Sequence[NodeView]:
        """Return every node of the fleet. Raises Unavailable."""
        ...


class Bucket(Protocol):
    """The bucket `workflows`, from which gateways and agents read."""

    async def names(self) -> Mapping[str, WorkflowEntry]:
        """Return the published workflows. Raises Unavailable while the bucket is unread."""
        ...

    async def put_servers(
        self, models: Sequence[ModelFolder], servers: Sequence[ServerClasses]
    ) -> None:
        """Publish the fleet's model files by folder, and the classes of each kind of server."""

    async def sync(self) -> None:
        """Make names and versions equal to the database."""

    async def put_folder_reading(self) -> None:
        """Publish that the folder was read, after the names that it gave."""

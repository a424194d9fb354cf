"""What the registry needs from outside, in its own words."""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Protocol
from uuid import UUID

from contracts.registry.requests import VersionSummary
from contracts.registry.workflows import ServerClasses, WorkflowName, WorkflowVersionRecord
from contracts.scheduler.nodes import NodeView
from workflow_registry.domain.catalogue import Change
from workflow_registry.domain.descriptions import Description


class Catalogue(Protocol):
    """Workflows and their versions."""

    async def update(
        self,
        decide: Callable[[Mapping[str, WorkflowName]], list[Change]],
        author: UUID | None = None,
    ) -> list[Change]:
        """Show `decide` every workflow, and store and publish what it wants changed.

        One transaction; other replicas wait until it has ended. Returns what was changed.
        """
        ...

    async def find(self, name: str) -> WorkflowName | None: ...

    async def version(self, digest: str) -> WorkflowVersionRecord:
        """The version with this hash. Raises NotFound."""
        ...

    async def classes(self) -> frozenset[str]:
        """Every graph-node class that some version uses, of workflows that are not deleted."""
        ...

    async def versions(self, name: str, most: int) -> Sequence[VersionSummary]:
        """The newest versions of a workflow, newest first."""
        ...


class Descriptions(Protocol):
    """What servers said of themselves, by digest; kept when the servers are gone."""

    async def known(self, digests: Collection[str]) -> set[str]: ...

    async def newest(self, most: int) -> set[str]:
        """Digests of what was last used."""
        ...

    async def read(self, digest: str) -> Description:
        """Raises NotFound."""
        ...

    async def add(self, digest: str, page: int, pages: int, data: bytes) -> bool:
        """Keep one page; whether the description is complete now.

        Raises Invalid if it is not what its digest says.
        """
        ...

    async def forget(self, in_use: Collection[str]) -> None:
        """Drop what no server was like for a long time, and pages that stayed alone."""
        ...


class Nodes(Protocol):
    async def all(self) -> Sequence[NodeView]:
        """Every node of the fleet. Raises Unavailable."""
        ...


class Offers(Protocol):
    async def publish(
        self, folders: Mapping[str, Sequence[str]], servers: Sequence[ServerClasses]
    ) -> None:
        """Tell the gateways which files the fleet has, and what each kind of server takes."""
        ...

"""What the registry needs from outside, in its own words."""

from collections.abc import Callable, Mapping
from typing import Protocol

from contracts.catalog import WorkflowName
from workflow_registry.domain.catalogue import Change


class Catalogue(Protocol):
    """Workflows and their versions."""

    async def update(
        self, decide: Callable[[Mapping[str, WorkflowName]], list[Change]]
    ) -> list[Change]:
        """Show `decide` every workflow, and store and publish what it wants changed.

        One transaction; other replicas wait until it has ended. Returns what was changed.
        """
        ...

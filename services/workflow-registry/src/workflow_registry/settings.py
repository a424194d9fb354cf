"""Settings of the workflow registry."""

from datetime import timedelta
from pathlib import Path

from pydantic import Field

from runtime.process.settings import DatabaseSettings
from workflow_registry.domain.raw_graphs import GraphBounds
from workflows.compatibility.safety import FORBIDDEN


class RegistrySettings(DatabaseSettings):
    """Settings of the registry besides the shared ones."""

    workflows_dir: Path = Field(
        description="Folder of workflows: specs, their graphs, and library.yaml."
    )
    forbidden_classes: str = Field(
        default=",".join(FORBIDDEN),
        description="Graph-node classes that no workflow may have, separated by commas; `*` "
        "matches anything.",
    )

    keep_graphs_days: int = Field(
        default=60,
        ge=1,
        description="Days after its last use when a raw graph is deleted, unless one of its jobs "
        "is unfinished. Its jobs cannot show their graph or be repeated any more.",
    )
    max_graphs_mb: int = Field(
        default=128,
        ge=1,
        le=384,
        description="Mebibytes of raw graphs. Before they are full, graphs without unfinished "
        "jobs go, the longest unused first; if that is not enough, new ones are refused.",
    )
    max_graphs_mb_per_owner: int = Field(
        default=32,
        ge=1,
        description="Mebibytes of raw graphs of one owner, kept in the same way; at "
        "most half of the room that others leave.",
    )

    @property
    def graph_bounds(self) -> GraphBounds:
        return GraphBounds(
            keep=timedelta(days=self.keep_graphs_days),
            most_bytes=self.max_graphs_mb * 1024**2,
            most_bytes_per_owner=self.max_graphs_mb_per_owner * 1024**2,
        )

    @property
    def forbidden(self) -> tuple[str, ...]:
        return tuple(filter(None, (part.strip() for part in self.forbidden_classes.split(","))))

"""Settings of the workflow registry."""

from pathlib import Path

from pydantic import Field

from runtime.process.settings import DatabaseSettings
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
        description="Days after its last use when a raw graph is deleted. Its jobs cannot start, "
        "show their graph or be repeated any more.",
    )
    max_graphs_mb: int = Field(
        default=128,
        ge=1,
        le=384,
        description="Mebibytes of raw graphs. Beyond that, those go first that were not used for "
        "the longest time, a day at least; if that is not enough, new ones are refused.",
    )

    @property
    def forbidden(self) -> tuple[str, ...]:
        return tuple(filter(None, (part.strip() for part in self.forbidden_classes.split(","))))

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

    @property
    def forbidden(self) -> tuple[str, ...]:
        return tuple(filter(None, (part.strip() for part in self.forbidden_classes.split(","))))

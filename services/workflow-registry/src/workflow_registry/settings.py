"""Settings of the workflow registry."""

from pathlib import Path

from pydantic import Field

from runtime.settings import DatabaseSettings


class RegistrySettings(DatabaseSettings):
    """What the registry needs besides the shared settings."""

    workflows_dir: Path = Field(
        description="Folder of workflows: NAME.yaml, its graph, and library.yaml."
    )

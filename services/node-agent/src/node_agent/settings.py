"""Reads the agent's settings."""

from pathlib import Path

from pydantic import Field

from runtime.process.settings import FleetSettings


class NodeAgentSettings(FleetSettings):
    """Settings of an agent beside the shared ones."""

    pool: str = Field(default="default", description="Nodes of this pool are claimed.")
    probe_timeout_seconds: float = Field(
        default=3.0, gt=0, le=60, description="Seconds in which ComfyUI must answer a probe."
    )
    submit_timeout_seconds: float = Field(
        default=10.0, gt=0, le=120, description="Seconds in which ComfyUI must take a prompt."
    )
    dead_after_seconds: float = Field(
        default=120.0,
        ge=1,
        description="A prompt that runs so long without one graph node starting proves that the "
        "worker is dead.",
    )
    s3_ca_file: Path | None = Field(
        default=None,
        description="PEM file of the authority that signed the store's certificate, if not public.",
    )
    max_output_bytes: int = Field(default=2 * 1024**3, ge=1, description="Largest result file.")

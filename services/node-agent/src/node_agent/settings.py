"""Reads the agent's settings."""

import re
import socket
from pathlib import Path

from pydantic import Field

from node_agent.domain.managed_settings import ManagedSettings
from node_agent.engines.comfyui.settings import ComfyUISettings
from runtime.process.settings import FleetSettings


class NodeAgentSettings(ComfyUISettings, ManagedSettings, FleetSettings):
    """Settings of an agent, and its defaults for the settings of engines, beside the shared."""

    pool: str = Field(default="default", description="Nodes of this pool are claimed.")
    machine: str = Field(
        default="",
        pattern=r"^[A-Za-z0-9_.-]{0,100}$",
        description="Name of this machine: besides nodes that name none, the agent claims those of "
        "this one. Nodes that the agent adds are called so; it stays the same over restarts. "
        "Empty: its host name.",
    )
    s3_ca_file: Path | None = Field(
        default=None,
        description="PEM file of the authority that signed the store's certificate, if not public.",
    )
    max_output_bytes: int = Field(
        default=2 * 1024**3, ge=1024**2, description="Largest size of a result file."
    )

    @property
    def machine_name(self) -> str:
        return self.machine or re.sub(r"[^A-Za-z0-9_.-]", "-", socket.gethostname())[:100]

"""Reads the agent's settings."""

import re
import socket
from pathlib import Path

from pydantic import Field, SecretStr

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
    announce_urls: str = Field(
        default="",
        description="Addresses of ComfyUIs on this machine that somebody else runs, separated by "
        "commas: `http://127.0.0.1:8188`. The agent adds each to the fleet as a node of its "
        "machine, once; operators may change the node.",
    )
    s3_ca_file: Path | None = Field(
        default=None,
        description="PEM file of the authority that signed the store's certificate, if not public.",
    )
    max_output_bytes: int = Field(
        default=2 * 1024**3, ge=1024**2, description="Largest size of a result file."
    )
    models_dir: Path | None = Field(
        default=None,
        description="Folder `models` of the ComfyUI servers beside the agent. Without it the agent "
        "fetches no model files.",
    )
    max_models_bytes: int = Field(
        default=200 * 1024**3, ge=0, description="Bytes that this folder may have in all."
    )
    models_from_private_hosts: bool = Field(
        default=False, description="Fetch model files also from hosts that are not public."
    )
    models_s3_endpoint: str | None = Field(
        default=None, description="`host:port` of the S3 store that `s3://bucket/key` means."
    )
    models_s3_access_key: str = Field(default="", description="Its access key.")
    models_s3_secret_key: SecretStr = Field(default=SecretStr(""), description="Its secret key.")
    models_s3_region: str = Field(default="us-east-1", description="Its region.")
    models_s3_secure: bool = Field(default=True, description="Speak TLS to it.")

    @property
    def machine_name(self) -> str:
        return self.machine or re.sub(r"[^A-Za-z0-9_.-]", "-", socket.gethostname())[:100]

"""Declares how an agent runs ComfyUI servers itself."""

from pathlib import Path
from typing import Any

from pydantic import Field
from pydantic_settings import BaseSettings


class ManagedSettings(BaseSettings):
    """Settings of the servers that an agent starts; without a command it starts none."""

    comfyui_command: str = Field(
        default="",
        description="Command that starts ComfyUI: `/opt/ComfyUI/.venv/bin/python main.py --fast`. "
        "The agent keeps it running and adds its nodes to the fleet. It appends `--listen` and "
        "`--port`, and for several devices `--temp-directory` and `--database-url`, unless the "
        "command contains `{port}`. Empty: the agent starts nothing.",
    )
    comfyui_directory: Path | None = Field(
        default=None, description="Folder in which the command runs."
    )
    comfyui_devices: str = Field(
        default="",
        description="Devices, separated by commas: each gets a ComfyUI of its own, which sees only "
        "this device (`CUDA_VISIBLE_DEVICES`). Empty: one ComfyUI that sees all.",
    )
    comfyui_port: int = Field(
        default=8188, ge=1, le=65_000, description="Port of the first ComfyUI; the others follow."
    )
    comfyui_environment: dict[str, str] = Field(
        default={},
        description="Further variables for ComfyUI, as JSON. Here and in the command, `{device}` "
        "and `{port}` stand for those of each ComfyUI.",
    )
    comfyui_silent_seconds: float = Field(
        default=600.0,
        gt=0,
        description="A ComfyUI that answers nothing for so long, at its start or later, is killed "
        "and started again.",
    )
    run_dir: Path = Field(
        default=Path("var/node-agent"),
        description="Folder of the logs and process ids of the ComfyUIs that the agent runs.",
    )
    warm_up_workflow: str = Field(
        default="",
        description="Workflow (`name` or `name@version`) that each ComfyUI runs after its start, "
        "before it gets jobs.",
    )
    warm_up_inputs: dict[str, Any] = Field(
        default={}, description="Inputs of that workflow, as JSON."
    )
    warm_up_seconds: float = Field(
        default=300.0, gt=0, description="After so long the ComfyUI gets jobs all the same."
    )
    recycle_after_attempts: int = Field(
        default=0, ge=0, description="Restart a ComfyUI after so many attempts; 0: never."
    )
    recycle_above_mb: int = Field(
        default=0,
        ge=0,
        description="Restart a ComfyUI whose processes take more memory, in MB; 0: never. "
        "Restarts interrupt no attempt.",
    )
    recycle_growth_mb: int = Field(
        default=0,
        ge=0,
        description="Restart a ComfyUI whose processes take so many MB more than after its warm-up "
        "(without one: than at its second attempt); 0: never.",
    )
    stop_seconds: float = Field(
        default=15.0,
        ge=0,
        description="When the agent stops, the attempts in its ComfyUIs may go on for so long; "
        "then their jobs go to other nodes.",
    )

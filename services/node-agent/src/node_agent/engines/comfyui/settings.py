"""Declares the settings of ComfyUI's engine.

An agent has defaults for all its nodes; a node may have its own in `engine_settings`.
"""

from pydantic import BaseModel, ConfigDict, Field


class ComfyUISettings(BaseModel):
    """Times that the agent gives a ComfyUI server before it gives up, and what it leaves there."""

    model_config = ConfigDict(extra="forbid")

    probe_timeout_seconds: float = Field(
        default=3.0, gt=0, le=60, description="Time in which ComfyUI must answer a probe."
    )
    submit_timeout_seconds: float = Field(
        default=10.0, gt=0, le=120, description="Time in which ComfyUI must take a prompt."
    )
    dead_after_seconds: float = Field(
        default=120.0,
        ge=1,
        description="A prompt that runs so long without one graph node starting proves that the "
        "worker is dead.",
    )
    keep_inputs_seconds: float = Field(
        default=600.0,
        ge=0,
        description="Time after which an input file that no attempt needs any more is emptied in "
        "ComfyUI's input folder.",
    )
    free_below_mb: int = Field(
        default=0,
        ge=0,
        description="If less memory of the largest GPU is free, in MB, ComfyUI is asked to free "
        "all before a prompt that loads other models than the last one. 0: never, since ComfyUI "
        "makes room itself; some custom nodes do not.",
    )
    ca_certificates: str = Field(
        default="",
        max_length=16_000,
        description="PEM certificates of authorities to trust beside the public ones, for a server "
        "or proxy whose certificate a private authority signed.",
    )
    keep_outputs: bool = Field(
        default=False,
        description="Leave what attempts save in ComfyUI's output folder. Otherwise it is emptied "
        "once the attempt is over, since ComfyUI lets nobody delete a file.",
    )

"""Switches for failures that tests need, set at start or while the engine runs."""

from dataclasses import dataclass
from typing import Any, get_type_hints

DEFAULT_MODELS: dict[str, list[str]] = {
    "checkpoints": [
        "512-inpainting-ema.safetensors",
        "sd_xl_base_1.0.safetensors",
        "sd_xl_refiner_1.0.safetensors",
        "v1-5-pruned-emaonly-fp16.safetensors",
    ],
    "loras": ["person.safetensors", "pixel-art-xl.safetensors", "style.safetensors"],
    "vae": ["ae.safetensors", "sdxl_vae.safetensors", "wan2.2_vae.safetensors"],
    "text_encoders": [
        "clip_l.safetensors",
        "t5xxl_fp16.safetensors",
        "t5xxl_fp8_e4m3fn.safetensors",
        "umt5_xxl_fp8_e4m3fn_scaled.safetensors",
    ],
    "diffusion_models": [
        "flux1-dev.safetensors",
        "flux1-schnell.safetensors",
        "wan2.2_ti2v_5B_fp16.safetensors",
    ],
    "controlnet": [
        "control_v11f1p_sd15_depth_fp16.safetensors",
        "control_v11p_sd15_canny_fp16.safetensors",
        "control_v11p_sd15_openpose_fp16.safetensors",
    ],
    "upscale_models": ["4x-UltraSharp.pth", "RealESRGAN_x4plus.pth"],
}
"""The models that the shipped workflows name, and some more."""


class UnknownSwitchError(ValueError):
    pass


@dataclass(slots=True)
class Switches:
    """Each field is one switch; `set` takes any of them by name."""

    step_seconds: float
    """how long one sampling step takes"""
    models: dict[str, list[str]]
    """folder → model names that loaders offer"""
    fail_class: str
    """graph nodes of this class raise"""
    fail_message: str = "failed on purpose"
    fail_type: str = "RuntimeError"
    """the exception_type that is reported, for example torch.OutOfMemoryError"""
    crash_after_steps: int = 0
    """the process dies at once in this many progress steps from now; 0: never"""
    silent: bool = False
    """the worker is dead: prompts are accepted, one shows as running, nothing happens"""
    drop_events: bool = False
    """WebSocket clients stay connected and hear nothing"""
    refuse_uploads: bool = False
    """/upload answers 500"""
    refuse_prompts: bool = False
    """/prompt answers 500"""

    def set(self, values: dict[str, Any]) -> None:
        """Change all of `values`, or none if one is unknown or of the wrong type."""
        hints = get_type_hints(Switches)
        for name, value in values.items():
            if name not in hints:
                raise UnknownSwitchError(f"no such switch: {name}")
            if not _fits(value, hints[name]):
                raise UnknownSwitchError(f"{name} does not take {value!r}")
        for name, value in values.items():
            setattr(self, name, value)


def _fits(value: object, hint: Any) -> bool:
    if hint is bool:
        return isinstance(value, bool)
    if hint in (float, int):
        allowed = (int, float) if hint is float else int
        return isinstance(value, allowed) and not isinstance(value, bool) and value >= 0
    return isinstance(value, str if hint is str else dict)

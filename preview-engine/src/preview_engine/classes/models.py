"""Loaders, encoders and upscalers: they pass on names and texts, because no model is loaded.

A model, a CLIP and a VAE are their names; a conditioning is its text.
"""

from dataclasses import dataclass

from preview_engine.classes.context import Batch, Result, values
from preview_engine.classes.pictures import resize
from preview_engine.classes.placeholders import label


@dataclass(frozen=True, slots=True)
class Schedule:
    """Stands for sigmas."""

    steps: int
    denoise: float


def first_input(**inputs: object) -> Result:
    return values(next(iter(inputs.values())))


unet_loader = clip_loader = dual_clip_loader = vae_loader = first_input
upscale_model_loader = control_net_loader = first_input
lora_loader_model_only = model_sampling_flux = model_sampling_sd3 = first_input
differential_diffusion = clip_set_last_layer = first_input
clip_text_encode = flux_guidance = first_input
random_noise = k_sampler_select = first_input


def checkpoint_loader_simple(*, ckpt_name: str) -> Result:
    return values(ckpt_name, ckpt_name, ckpt_name)


def lora_loader(*, model: str, clip: str, **_unused: object) -> Result:
    return values(model, clip)


def clip_text_encode_flux(*, t5xxl: str, **_unused: object) -> Result:
    return values(t5xxl)


def joined(**texts: str) -> Result:
    return values(", ".join(text for text in texts.values() if text))


conditioning_combine = conditioning_concat = joined


def conditioning_zero_out(**_unused: object) -> Result:
    return values("")


def basic_guider(*, conditioning: str, **_unused: object) -> Result:
    return values(conditioning)


def cfg_guider(*, positive: str, **_unused: object) -> Result:
    return values(positive)


def control_net_apply_advanced(*, positive: str, negative: str, **_unused: object) -> Result:
    return values(positive, negative)


def basic_scheduler(*, steps: int, denoise: float, **_unused: object) -> Result:
    return values(Schedule(steps, denoise))


def image_upscale_with_model(*, upscale_model: str, image: Batch) -> Result:
    """Scale with lanczos by the factor in the model's name."""
    factor = next((int(digit) for digit in upscale_model if digit in "248"), 4)
    note = f"{factor}x without {upscale_model}"
    large = (resize(one, one.width * factor, one.height * factor, "lanczos") for one in image)
    return values(tuple(label(one, note) for one in large))

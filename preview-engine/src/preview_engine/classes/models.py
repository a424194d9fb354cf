"""Loaders and encoders: they pass on names and texts, because no model is loaded."""

from preview_engine.classes.context import Context
from preview_engine.classes.latents import Conditioning
from preview_engine.classes.result import Result, values


def load_checkpoint(_: Context, *, ckpt_name: str) -> Result:
    return values(ckpt_name, ckpt_name, ckpt_name)


def load_one(_: Context, **inputs: str) -> Result:
    """Pass on the first input: UNETLoader, VAELoader and others."""
    return values(next(iter(inputs.values())))


def load_lora(_: Context, *, model: str, clip: str, **_unused: object) -> Result:
    return values(model, clip)


def same_model(_: Context, *, model: str, **_unused: object) -> Result:
    return values(model)


def same_clip(_: Context, *, clip: str, **_unused: object) -> Result:
    return values(clip)


def encode_text(_: Context, *, text: str, **_unused: object) -> Result:
    return values(Conditioning(text))


def encode_text_flux(_: Context, *, t5xxl: str, **_unused: object) -> Result:
    return values(Conditioning(t5xxl))


def same_conditioning(_: Context, *, conditioning: Conditioning, **_unused: object) -> Result:
    return values(conditioning)


def combine(_: Context, *, conditioning_1: Conditioning, conditioning_2: Conditioning) -> Result:
    return values(_both(conditioning_1, conditioning_2))


def concat(_: Context, *, conditioning_to: Conditioning, conditioning_from: Conditioning) -> Result:
    return values(_both(conditioning_to, conditioning_from))


def _both(*given: Conditioning) -> Conditioning:
    return Conditioning(", ".join(one.text for one in given if one.text))


def guide(_: Context, *, positive: Conditioning, **_unused: object) -> Result:
    return values(positive)


def zero_out(_: Context, **_unused: object) -> Result:
    return values(Conditioning(""))


def apply_control_net(
    _: Context, *, positive: Conditioning, negative: Conditioning, **_unused: object
) -> Result:
    return values(positive, negative)

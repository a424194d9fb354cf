"""Graphs that need a model: everything is accepted, sampling takes its steps, nothing is computed.

A latent here is a promise of pictures: a size, perhaps a source, and after sampling the prompt and
the seed. VAEDecode paints it.
"""

import time
from dataclasses import dataclass, replace

from PIL import Image

from preview_engine.classes.context import Context
from preview_engine.classes.mask import grown
from preview_engine.classes.painting import label, paint, sketch, tint
from preview_engine.classes.pictures import check_size, fit, resize
from preview_engine.classes.result import Batch, Result, values
from preview_engine.domain.switches import Switches

PREVIEW_SIDE = 256


@dataclass(frozen=True, slots=True)
class Conditioning:
    """What the text encoder was told."""

    text: str


@dataclass(frozen=True, slots=True)
class Latent:
    """Pictures that are not painted yet."""

    width: int
    height: int
    count: int = 1
    source: Batch = ()
    mask: Batch = ()
    prompt: str | None = None
    seed: int = 0
    strength: float = 1.0

    def painted(self, index: int, width: int, height: int) -> Image.Image:
        """Picture `index` at that size: the source outside of the mask, the painting inside."""
        source = resize(self.source[index % len(self.source)], width, height, "bilinear")
        if self.prompt is None:
            return source
        picture = tint(source, paint(self.prompt, self.seed + index, width, height), self.strength)
        if not self.mask:
            return picture
        mask = resize(self.mask[index % len(self.mask)], width, height, "bilinear")
        return Image.composite(picture, source.convert("RGB"), mask)


def empty_latent_image(_: Context, *, width: int, height: int, batch_size: int) -> Result:
    check_size(width, height)
    grey = Image.new("RGB", (1, 1), (127, 127, 127))
    return values(Latent(width // 8 * 8, height // 8 * 8, batch_size, source=(grey,)))


def vae_encode(_: Context, *, pixels: Batch, vae: str) -> Result:  # noqa: ARG001 - declared input
    width, height = (side // 8 * 8 for side in pixels[0].size)
    return values(Latent(width, height, len(pixels), source=pixels))


def vae_encode_for_inpaint(
    run: Context, *, pixels: Batch, vae: str, mask: Batch, grow_mask_by: int
) -> Result:
    [latent] = vae_encode(run, pixels=pixels, vae=vae).values
    wider = tuple(grown(one, grow_mask_by, tapered=False) for one in mask)
    return values(replace(latent, mask=wider))


def set_latent_noise_mask(_: Context, *, samples: Latent, mask: Batch) -> Result:
    return values(replace(samples, mask=mask))


def inpaint_model_conditioning(  # noqa: PLR0913 - the class declares as many inputs
    run: Context,
    *,
    positive: Conditioning,
    negative: Conditioning,
    vae: str,
    pixels: Batch,
    mask: Batch,
    noise_mask: bool,
) -> Result:
    [latent] = vae_encode(run, pixels=pixels, vae=vae).values
    return values(positive, negative, replace(latent, mask=mask) if noise_mask else latent)


def latent_upscale(
    _: Context, *, samples: Latent, upscale_method: str, width: int, height: int, crop: str
) -> Result:
    if not width and not height:
        return values(samples)
    width = width or max(64, round(samples.width * height / samples.height))
    height = height or max(64, round(samples.height * width / samples.width))
    check_size(width, height)
    if crop == "center":
        source = tuple(fit(one, width, height, upscale_method, crop) for one in samples.source)
        samples = replace(samples, source=source)
    return values(replace(samples, width=width // 8 * 8, height=height // 8 * 8))


def latent_upscale_by(
    _: Context,
    *,
    samples: Latent,
    upscale_method: str,  # noqa: ARG001 - declared input
    scale_by: float,
) -> Result:
    width, height = (max(1, round(side / 8 * scale_by)) * 8 for side in _size(samples))
    check_size(width, height)
    return values(replace(samples, width=width, height=height))


def repeat_latent_batch(_: Context, *, samples: Latent, amount: int) -> Result:
    return values(replace(samples, count=samples.count * amount))


def vae_decode(_: Context, *, samples: Latent, **_unused: object) -> Result:
    note = "" if samples.prompt is None else f"seed {samples.seed} · {samples.prompt}"
    return values(
        tuple(
            label(samples.painted(index, *_size(samples)), note) for index in range(samples.count)
        )
    )


def upscale_with_model(_: Context, *, upscale_model: str, image: Batch) -> Result:
    """Lanczos, as much larger as the model's name says."""
    factor = next((int(digit) for digit in upscale_model if digit in "248"), 4)
    note = f"{factor}x without {upscale_model}"
    large = (resize(one, one.width * factor, one.height * factor, "lanczos") for one in image)
    return values(tuple(label(one, note) for one in large))


class Samplers:
    """KSampler and KSamplerAdvanced: the steps take as long as the switch says."""

    def __init__(self, switches: Switches, preview_method: str) -> None:
        self._switches = switches
        self._preview_method = preview_method

    def sample(
        self,
        run: Context,
        *,
        seed: int,
        steps: int,
        positive: Conditioning,
        latent_image: Latent,
        denoise: float,
        **_unused: object,
    ) -> Result:
        done = replace(latent_image, prompt=positive.text, seed=seed, strength=0.3 + 0.7 * denoise)
        self._take_steps(run, done, 0, steps)
        return values(done)

    def sample_advanced(  # noqa: PLR0913 - the class declares as many inputs
        self,
        run: Context,
        *,
        noise_seed: int,
        steps: int,
        positive: Conditioning,
        latent_image: Latent,
        start_at_step: int,
        end_at_step: int,
        **_unused: object,
    ) -> Result:
        last = min(steps, end_at_step)
        first = min(start_at_step, last)
        strength = 1.0 if first == 0 else 0.3
        done = replace(latent_image, prompt=positive.text, seed=noise_seed, strength=strength)
        self._take_steps(run, done, first, last)
        return values(done)

    def _take_steps(self, run: Context, latent: Latent, first: int, last: int) -> None:
        picture = self._small(latent) if self._wants_previews(run) else None
        total = last - first
        for step in range(1, total + 1):
            time.sleep(self._switches.step_seconds)
            run.step(step, total, sketch(picture, step, total) if picture else None)

    def _wants_previews(self, run: Context) -> bool:
        asked = run.extra_data.get("preview_method", "default")
        method = self._preview_method if asked == "default" else asked
        return run.wants_previews and method != "none"

    def _small(self, latent: Latent) -> Image.Image:
        scale = min(1.0, PREVIEW_SIDE / max(_size(latent)))
        width, height = (max(1, round(side * scale)) for side in _size(latent))
        return label(latent.painted(0, width, height), "")


def _size(latent: Latent) -> tuple[int, int]:
    return latent.width, latent.height

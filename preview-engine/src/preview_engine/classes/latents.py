"""Latents: descriptions of pictures, which VAEDecode paints.

A latent has a size, perhaps a source, and after sampling a prompt and a seed. The latent of a
video has a number of frames.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from PIL import Image

from preview_engine.classes.context import Batch, Result, values
from preview_engine.classes.mask import grown
from preview_engine.classes.pictures import check_size, fit, resize
from preview_engine.classes.placeholders import label, paint, tint

MOMENTS = 12


@dataclass(frozen=True, slots=True)
class Latent:
    """Pictures that are not painted yet."""

    size: tuple[int, int]
    count: int = 1
    source: Batch = ()
    mask: Batch = ()
    prompt: str | None = None
    seed: int = 0
    strength: float = 1.0
    frames: int = 1

    def sampled(self, prompt: str, seed: int, strength: float) -> "Latent":
        """Set prompt and seed; a weak second pass keeps the strength of the first."""
        before = 0.0 if self.prompt is None else self.strength
        return replace(self, prompt=prompt, seed=seed, strength=max(before, strength))

    def decoded(self, index: int) -> Iterator[Image.Image]:
        """Yield picture `index` with its label; for a video, frames from source to placeholder.

        Neighboring frames share one picture, so that a video in memory is a dozen pictures.
        """
        note = "" if self.prompt is None else f"seed {self.seed} · {self.prompt}"
        count = min(self.frames, MOMENTS)
        for moment in range(count):
            strength = self.strength * (moment / (count - 1) if count > 1 else 1)
            shown = replace(self, strength=strength)
            picture = label(shown.painted(index, *self.size), note)
            held = (moment + 1) * self.frames // count - moment * self.frames // count
            yield from (picture,) * held

    def painted(self, index: int, width: int, height: int) -> Image.Image:
        """Paint picture `index` at that size: source outside of the mask, placeholder inside."""
        source = resize(self.source[index % len(self.source)], width, height, "bilinear")
        if self.prompt is None:
            return source
        picture = tint(source, paint(self.prompt, self.seed + index, width, height), self.strength)
        if not self.mask:
            return picture
        mask = resize(self.mask[index % len(self.mask)], width, height, "bilinear")
        return Image.composite(picture, source.convert("RGB"), mask)


def empty_latent_image(*, width: int, height: int, batch_size: int) -> Result:
    check_size(width, height)
    gray = Image.new("RGB", (1, 1), (127, 127, 127))
    return values(Latent((width // 8 * 8, height // 8 * 8), batch_size, source=(gray,)))


empty_sd3_latent_image = empty_latent_image


def wan22_image_to_video_latent(
    *,
    vae: str,  # noqa: ARG001 - declared input
    width: int,
    height: int,
    length: int,
    batch_size: int,
    start_image: Batch | None = None,
) -> Result:
    """Make a latent as Wan 2.2 does: a slice holds four frames, and the first has its own."""
    [latent] = empty_latent_image(width=width, height=height, batch_size=batch_size).values
    frames = (length - 1) // 4 * 4 + 1
    begin = latent.source if start_image is None else start_image[:1]
    source = tuple(fit(one, width, height, "bilinear", "center") for one in begin)
    return values(replace(latent, frames=frames, source=source))


def vae_encode(*, pixels: Batch, vae: str) -> Result:  # noqa: ARG001 - declared input
    width, height = (side // 8 * 8 for side in pixels[0].size)
    return values(Latent((width, height), len(pixels), source=pixels))


def vae_encode_for_inpaint(*, pixels: Batch, vae: str, mask: Batch, grow_mask_by: int) -> Result:
    [latent] = vae_encode(pixels=pixels, vae=vae).values
    wider = tuple(grown(one, grow_mask_by, tapered=False) for one in mask)
    return values(replace(latent, mask=wider))


def set_latent_noise_mask(*, samples: Latent, mask: Batch) -> Result:
    return values(replace(samples, mask=mask))


def inpaint_model_conditioning(
    *,
    positive: str,
    negative: str,
    vae: str,
    pixels: Batch,
    mask: Batch,
    noise_mask: bool,
) -> Result:
    [latent] = vae_encode(pixels=pixels, vae=vae).values
    return values(positive, negative, replace(latent, mask=mask) if noise_mask else latent)


def latent_upscale(
    *, samples: Latent, upscale_method: str, width: int, height: int, crop: str
) -> Result:
    if not width and not height:
        return values(samples)
    old_width, old_height = samples.size
    width = width or max(64, round(old_width * height / old_height))
    height = height or max(64, round(old_height * width / old_width))
    check_size(width, height)
    if crop == "center":
        source = tuple(fit(one, width, height, upscale_method, crop) for one in samples.source)
        samples = replace(samples, source=source)
    return values(replace(samples, size=(width // 8 * 8, height // 8 * 8)))


def latent_upscale_by(
    *,
    samples: Latent,
    upscale_method: str,  # noqa: ARG001 - declared input
    scale_by: float,
) -> Result:
    width, height = (max(1, round(side / 8 * scale_by)) * 8 for side in samples.size)
    check_size(width, height)
    return values(replace(samples, size=(width, height)))


def repeat_latent_batch(*, samples: Latent, amount: int) -> Result:
    return values(replace(samples, count=samples.count * amount))


def vae_decode(*, samples: Latent, **_unused: object) -> Result:
    return values(tuple(one for index in range(samples.count) for one in samples.decoded(index)))


vae_decode_tiled = vae_decode

"""Paints the placeholders that stand for a model's pictures.

A placeholder follows from prompt, seed and size, and always carries a label.
"""

import hashlib
from functools import cache

from PIL import Image, ImageChops, ImageDraw, ImageFont, ImageOps

from preview_engine.classes.pictures import stretched

LABEL = "PREVIEW · no GPU"
BAND = (16, 16, 16)
INK = (255, 214, 102)
MIN_BAND = 10
BESIDE = 54
WIDE = 256 + 2 * BESIDE
"""The diagonal of a square of 256, so that a turned square has no corner inside."""
EXCERPT = 120


def paint(prompt: str, seed: int, width: int, height: int) -> Image.Image:
    """Paint two soft gradients in colors from a digest of prompt and seed."""
    digest = hashlib.sha256(f"{seed}\n{prompt}".encode()).digest()
    turned = stretched(Image.linear_gradient("L"), WIDE, WIDE).rotate(digest[0] / 255 * 360)
    sweep = turned.crop((BESIDE, BESIDE, WIDE - BESIDE, WIDE - BESIDE))
    ring = ImageChops.offset(Image.radial_gradient("L"), digest[1], digest[2])
    base = ImageOps.colorize(sweep, _color(digest, 3), _color(digest, 6))
    spots = ImageOps.colorize(ring, _color(digest, 9), _color(digest, 12))
    return stretched(Image.blend(base, spots, 0.35 + digest[15] / 1024), width, height)


def tint(source: Image.Image, painted: Image.Image, strength: float) -> Image.Image:
    """Let `source` show through: the weaker the denoising, the more of it."""
    return Image.blend(source.convert("RGB"), painted, min(1.0, max(0.0, strength)))


def sketch(painted: Image.Image, step: int, steps: int) -> Image.Image:
    """Return the picture after `step` of `steps`, as it emerges from noise."""
    noise = stretched(_noise(), *painted.size)
    return Image.blend(noise, painted, step / max(1, steps))


def label(picture: Image.Image, note: str) -> Image.Image:
    """Return a copy with the label at its foot."""
    labeled = picture.convert("RGB")
    band = max(MIN_BAND, picture.height // 18)
    draw = ImageDraw.Draw(labeled)
    top = picture.height - band
    draw.rectangle((0, top, picture.width, picture.height), fill=BAND)
    text = f"{LABEL} · {note}" if note else LABEL
    line = " ".join(text.split())[:EXCERPT]
    font = _font(max(8, min(64, round(band * 0.6))))
    draw.text((3, top + band // 2), line, font=font, fill=INK, anchor="lm")
    return labeled


@cache
def _noise() -> Image.Image:
    return Image.effect_noise((64, 64), 90).convert("RGB")


@cache
def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)


def _color(digest: bytes, at: int) -> tuple[int, int, int]:
    return (digest[at], digest[at + 1], digest[at + 2])

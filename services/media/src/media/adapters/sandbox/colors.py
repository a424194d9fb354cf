"""Converts colors to sRGB, because ComfyUI ignores color profiles."""

# Pillow leaves out the types of some parameters.
# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false

import io
from itertools import product

from PIL import Image, ImageCms

CONVERTED = {"RGB": "RGB", "RGBA": "RGBA", "CMYK": "RGB"}
STEPS = (0, 36, 73, 109, 146, 182, 219, 255)
INVISIBLE = 3
"""A profile that moves no channel further than this counts as sRGB."""


def to_srgb(picture: Image.Image, profile: bytes | None) -> Image.Image:
    """Apply the embedded profile; an unusable one is ignored."""
    if not profile or picture.mode not in CONVERTED:
        return picture
    try:
        transform = ImageCms.buildTransform(
            ImageCms.ImageCmsProfile(io.BytesIO(profile)),
            ImageCms.createProfile("sRGB"),
            picture.mode,
            CONVERTED[picture.mode],
        )
        if picture.mode != "CMYK" and is_identity(transform, picture.mode):
            return picture
        return ImageCms.applyTransform(picture, transform) or picture
    except (ImageCms.PyCMSError, OSError, ValueError):
        return picture


def is_identity(transform: ImageCms.ImageCmsTransform, mode: str) -> bool:
    colors = list(product(STEPS, repeat=3))
    probe = Image.new("RGB", (len(colors), 1))
    probe.putdata(colors)
    probe = probe.convert(mode)
    moved = ImageCms.applyTransform(probe, transform)
    if moved is None:
        return False
    return all(
        abs(a - b) <= INVISIBLE for a, b in zip(probe.tobytes(), moved.tobytes(), strict=True)
    )

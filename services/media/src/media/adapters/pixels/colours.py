"""Colours as sRGB: ComfyUI takes numbers as they are, so what a profile says is applied before."""

# Pillow leaves out the types of some parameters.
# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false

import io
from itertools import product

from PIL import Image, ImageCms

CONVERTED = {"RGB": "RGB", "RGBA": "RGBA", "CMYK": "RGB"}
STEPS = (0, 36, 73, 109, 146, 182, 219, 255)
UNSEEN = 3
"""A profile that moves no channel further than this is sRGB under another name."""


def to_srgb(picture: Image.Image, profile: bytes | None) -> Image.Image:
    """Apply the profile that came with the picture; one that says nothing usable is ignored."""
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
    colours = list(product(STEPS, repeat=3))
    probe = Image.new("RGB", (len(colours), 1))
    probe.putdata(colours)
    probe = probe.convert(mode)
    moved = ImageCms.applyTransform(probe, transform)
    if moved is None:
        return False
    return all(abs(a - b) <= UNSEEN for a, b in zip(probe.tobytes(), moved.tobytes(), strict=True))

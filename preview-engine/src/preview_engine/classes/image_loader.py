"""Loads pictures from the input folder."""

import warnings
from pathlib import Path

from PIL import Image, ImageOps, ImageSequence

from preview_engine.classes.context import Context, Result, values
from preview_engine.classes.pictures import check_size, inverted, mapped

# Formats that are only pixels: Pillow would hand some of the others to external programs.
FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF")
NO_MASK = (64, 64)
HALF_WORD = 256


def load_image(run: Context, *, image: str) -> Result:
    """Load frames of the first one's size, and masks that are white where alpha is black."""
    frames: list[Image.Image] = []
    masks: list[Image.Image] = []
    for frame in read_frames(run.folders.input_file(image)):
        picture = frame.convert("RGB")
        if not frames or picture.size == frames[0].size:
            frames.append(picture)
            masks.append(transparency(frame))
    return values(tuple(frames), tuple(masks))


def load_image_mask(run: Context, *, image: str, channel: str) -> Result:
    frame = next(iter(read_frames(run.folders.input_file(image))))
    if frame.getbands() != ("R", "G", "B", "A"):
        frame = frame.convert("RGBA")
    mask = frame.getchannel(channel[0].upper())
    return values((inverted(mask) if channel == "alpha" else mask,))


def read_frames(path: Path) -> list[Image.Image]:
    """Read every frame upright; Pillow's errors pass through for a file that is not a picture."""
    with warnings.catch_warnings():
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        with Image.open(path, formats=FORMATS) as opened:
            check_size(*opened.size)
            return [upright(frame.copy()) for frame in ImageSequence.Iterator(opened)]


def upright(frame: Image.Image) -> Image.Image:
    turned = ImageOps.exif_transpose(frame)
    if turned.mode.startswith("I"):
        levels = [level // HALF_WORD for level in range(HALF_WORD**2)]
        turned = mapped(turned, levels, "L")
    return turned


def transparency(frame: Image.Image) -> Image.Image:
    if frame.mode == "P" and "transparency" in frame.info:
        frame = frame.convert("RGBA")
    if "A" not in frame.getbands():
        return Image.new("L", NO_MASK, 0)
    return inverted(frame.getchannel("A"))

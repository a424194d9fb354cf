"""Masks: 8-bit gray pictures, white where a class works."""

from collections.abc import Callable
from itertools import cycle

from PIL import Image, ImageChops, ImageFilter

from preview_engine.classes.context import Batch, Result, values
from preview_engine.classes.pictures import inverted, mapped, new, shifted, stretched

BLACK_OR_WHITE = [0] * 128 + [255] * 128
CHANNELS = ("red", "green", "blue", "alpha")


def image_to_mask(*, image: Batch, channel: str) -> Result:
    index = CHANNELS.index(channel)
    if index >= len(image[0].getbands()):
        raise IndexError(f"index {index} is out of bounds for dimension 3 with size 3")
    return values(tuple(one.getchannel(index) for one in image))


def mask_to_image(*, mask: Batch) -> Result:
    return values(tuple(one.convert("RGB") for one in mask))


def solid_mask(*, value: float, width: int, height: int) -> Result:
    return values((new("L", width, height, int(255 * value)),))


def invert_mask(*, mask: Batch) -> Result:
    return values(tuple(inverted(one) for one in mask))


def crop_mask(*, mask: Batch, x: int, y: int, width: int, height: int) -> Result:
    x, y = min(x, mask[0].width - 1), min(y, mask[0].height - 1)
    right, bottom = min(x + width, mask[0].width), min(y + height, mask[0].height)
    return values(tuple(one.crop((x, y, right, bottom)) for one in mask))


def threshold_mask(*, mask: Batch, value: float) -> Result:
    table = [255 if level / 255 > value else 0 for level in range(256)]
    return values(tuple(mapped(one, table) for one in mask))


def grow_mask(*, mask: Batch, expand: int, tapered_corners: bool) -> Result:
    return values(tuple(grown(one, expand, tapered=tapered_corners) for one in mask))


def grown(mask: Image.Image, expand: int, *, tapered: bool) -> Image.Image:
    """Widen by `expand` pixels, or narrow; tapered corners grow along the axes only."""
    combine = ImageChops.lighter if expand > 0 else ImageChops.darker
    edge = 0 if expand > 0 else 255
    square = ImageFilter.MaxFilter(3) if expand > 0 else ImageFilter.MinFilter(3)
    for _ in range(min(abs(expand), max(mask.size))):
        if tapered:
            moved = [shifted(mask, x, y, edge) for x, y in ((1, 0), (-1, 0), (0, 1), (0, -1))]
            for one in moved:
                mask = combine(mask, one)
        else:
            mask = mask.filter(square)
    return mask


def feather_mask(*, mask: Batch, left: int, top: int, right: int, bottom: int) -> Result:
    width, height = mask[0].size
    across = stretched(_ramp(width, min(left, width), min(right, width)), width, height)
    down = _ramp(height, min(top, height), min(bottom, height))
    down = stretched(down.transpose(Image.Transpose.ROTATE_270), width, height)
    fade = ImageChops.multiply(across, down)
    return values(tuple(ImageChops.multiply(one, fade) for one in mask))


def _ramp(length: int, rising: int, falling: int) -> Image.Image:
    """Return one row, from dark to white over `rising` pixels and back over `falling`."""
    levels = [255.0] * length
    for index in range(rising):
        levels[index] *= (index + 1) / rising
    for index in range(falling):
        levels[length - 1 - index] *= (index + 1) / falling
    return Image.frombytes("L", (length, 1), bytes(int(level) for level in levels))


def mask_composite(*, destination: Batch, source: Batch, x: int, y: int, operation: str) -> Result:
    operations: dict[str, Callable[[Image.Image, Image.Image], Image.Image]] = {
        "multiply": ImageChops.multiply,
        "add": ImageChops.add,
        "subtract": ImageChops.subtract,
        "and": ImageChops.darker,
        "or": ImageChops.lighter,
        "xor": ImageChops.difference,
    }
    composed: list[Image.Image] = []
    for below, above in zip(destination, cycle(source), strict=False):
        box = (x, y, min(x + above.width, below.width), min(y + above.height, below.height))
        canvas = below.copy()
        if box[2] > x and box[3] > y:
            part = above.crop((0, 0, box[2] - x, box[3] - y))
            first = below.crop(box)
            if operation in ("and", "or", "xor"):
                first, part = mapped(first, BLACK_OR_WHITE), mapped(part, BLACK_OR_WHITE)
            canvas.paste(operations[operation](first, part), box)
        composed.append(canvas)
    return values(tuple(composed))

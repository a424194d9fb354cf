"""Joins two pictures side by side: ImageStitch."""

from PIL import Image

from preview_engine.classes.context import Batch, Result, values
from preview_engine.classes.pictures import check_size, resize

BACKWARDS = ("left", "up")
SIDEWAYS = ("left", "right")


def image_stitch(
    *,
    image1: Batch,
    direction: str,
    match_image_size: bool,
    spacing_width: int,
    spacing_color: str,
    image2: Batch | None = None,
) -> Result:
    """Join picture by picture; the shorter batch repeats its last one."""
    if image2 is None:
        return values(image1)
    is_row = direction in SIDEWAYS
    gap = spacing_width + spacing_width % 2
    stitched: list[Image.Image] = []
    for index in range(max(len(image1), len(image2))):
        first, second = image1[min(index, len(image1) - 1)], image2[min(index, len(image2) - 1)]
        if match_image_size:
            second = matched(second, first, is_row=is_row)
        pair = (second, first) if direction in BACKWARDS else (first, second)
        stitched.append(joined(pair, gap, spacing_color, is_row=is_row))
    return values(tuple(stitched))


def matched(picture: Image.Image, other: Image.Image, *, is_row: bool) -> Image.Image:
    """Resize to the height of `other` in a row, to its width in a column; keep the proportions."""
    ratio = picture.width / picture.height
    if is_row:
        return resize(picture, int(other.height * ratio), other.height, "lanczos")
    return resize(picture, other.width, int(other.width / ratio), "lanczos")


def joined(
    pair: tuple[Image.Image, Image.Image], gap: int, color: str, *, is_row: bool
) -> Image.Image:
    """Join a pair, the smaller one centered; fill the rest white, or black for other colors."""
    first, second = pair
    sizes = [one.size if is_row else one.size[::-1] for one in pair]
    length, breadth = sizes[0][0] + gap + sizes[1][0], max(sizes[0][1], sizes[1][1])
    size = (length, breadth) if is_row else (breadth, length)
    check_size(*size)
    mode = "RGBA" if "RGBA" in (first.mode, second.mode) else "RGB"
    canvas = Image.new(mode, size, "white" if color == "white" else "black")
    starts = (0, sizes[0][0] + gap)
    for one, start, (_, across) in zip(pair, starts, sizes, strict=True):
        beside = (breadth - across) // 2
        canvas.paste(one.convert(mode), (start, beside) if is_row else (beside, start))
    space = (sizes[0][0], 0, starts[1], breadth)
    if gap:
        paint = "lime" if color == "green" else color  # Pillow's green is half as bright
        canvas.paste(paint, space if is_row else (space[1], space[0], space[3], space[2]))
    return canvas

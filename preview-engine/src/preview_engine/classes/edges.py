"""Canny's edge filter: blur, gradient, ridges of the gradient, and faint ridges that go on.

Computes in floats like kornia, which ComfyUI uses: thresholds apply to the gradient by Sobel's
unscaled kernels of a picture from 0 to 1. Strips of rows keep the memory small.
"""

import math
import re
from collections.abc import Mapping
from functools import reduce
from operator import add
from typing import Any, TypeAlias

from PIL import Image, ImageMath

from preview_engine.classes.context import Batch, Result, values
from preview_engine.classes.pictures import mapped, stretched

Weights: TypeAlias = Mapping[tuple[int, int], float]
"""Weight by offset, which is (right, down)."""

BLUR = [math.exp(-(distance**2) / 2) for distance in range(-2, 3)]
BLUR_ACROSS: Weights = {(at - 2, 0): weight / sum(BLUR) for at, weight in enumerate(BLUR)}
BLUR_DOWN: Weights = {(y, x): weight for (x, y), weight in BLUR_ACROSS.items()}
SLOPE_ACROSS: Weights = {
    (side, at): side * weight for side in (-1, 1) for at, weight in ((-1, 1), (0, 2), (1, 1))
}
SLOPE_DOWN: Weights = {(y, x): weight for (x, y), weight in SLOPE_ACROSS.items()}
NEIGHBORS = {
    "left": (-1, 0),
    "right": (1, 0),
    "above": (0, -1),
    "below": (0, 1),
    "before": (-1, -1),
    "after": (1, 1),
    "under": (-1, 1),
    "over": (1, -1),
}
MARGIN = 4
"""Pixels around one that its result depends on: two for the blur, one each for slope and ridge."""
ROWS = 256
FLAT = math.tan(math.pi / 8)
MORE = 1.0001
"""A smaller difference counts as equal, because it comes from rounding."""
FAINT, CLEAR = 1, 2


def canny(*, image: Batch, low_threshold: float, high_threshold: float) -> Result:
    if low_threshold > high_threshold:
        raise ValueError(
            "Invalid input thresholds. low_threshold should be smaller than or equal to the "
            f"high_threshold. Got: {low_threshold}>{high_threshold}"
        )
    found = (linked(ridges(one, low_threshold, high_threshold)) for one in image)
    return values(tuple(one.convert("RGB") for one in found))


def ridges(picture: Image.Image, low: float, high: float) -> Image.Image:
    """Mark as FAINT or CLEAR where the gradient passes `low` or `high` and is a local maximum."""
    found = Image.new("L", picture.size)
    framed = with_margin(picture.convert("RGB"))
    for top in range(0, picture.height, ROWS):
        bottom = min(top + ROWS, picture.height)
        strip = framed.crop((0, top, framed.width, bottom + 2 * MARGIN))
        ranked = ranks(strip.convert("F"), low * 255, high * 255).convert("L")
        found.paste(
            ranked.crop((MARGIN, MARGIN, MARGIN + picture.width, MARGIN + bottom - top)), (0, top)
        )
    return found


def with_margin(picture: Image.Image) -> Image.Image:
    """Repeat the outermost pixels outside, so that the border of the picture is no edge."""
    width, height = picture.size
    framed = Image.new(picture.mode, (width + 2 * MARGIN, height + 2 * MARGIN))
    framed.paste(picture, (MARGIN, MARGIN))
    for line in (0, height - 1):
        row = stretched(picture.crop((0, line, width, line + 1)), width, MARGIN)
        framed.paste(row, (MARGIN, 0 if line == 0 else height + MARGIN))
    for line in (MARGIN, MARGIN + width - 1):
        column = stretched(framed.crop((line, 0, line + 1, framed.height)), MARGIN, framed.height)
        framed.paste(column, (0 if line == MARGIN else line + 1, 0))
    return framed


def ranks(gray: Image.Image, low: float, high: float) -> Image.Image:
    smooth = correlated(correlated(gray, BLUR_ACROSS), BLUR_DOWN)
    across, down = correlated(smooth, SLOPE_ACROSS), correlated(smooth, SLOPE_DOWN)
    power = ImageMath.lambda_eval(
        lambda on: on["x"] * on["x"] + on["y"] * on["y"], x=across, y=down
    )
    around = {name: moved(power, *place) for name, place in NEIGHBORS.items()}

    def ranked(on: dict[str, Any]) -> Any:
        return ridge(on) * ((on["power"] > low**2) + (on["power"] > high**2))

    return ImageMath.lambda_eval(ranked, x=across, y=down, power=power, **around)


def ridge(on: dict[str, Any]) -> Any:
    """Return 1 where the power beats both neighbors along the gradient, in one of four directions.

    Of two equal pixels the left or the upper one wins, as in OpenCV.
    """
    power, steep, wide = on["power"], abs(on["y"]), abs(on["x"])
    is_across, is_down = steep <= wide * FLAT, wide <= steep * FLAT
    is_falling = on["x"] * on["y"] > 0
    wins_across = (power > on["left"] * MORE) * (power * MORE >= on["right"])
    wins_down = (power > on["above"] * MORE) * (power * MORE >= on["below"])
    wins_falling = (power > on["before"]) * (power > on["after"])
    wins_rising = (power > on["under"]) * (power > on["over"])
    aslant = is_falling * wins_falling + (1 - is_falling) * wins_rising
    straight = is_across * wins_across + is_down * wins_down
    return straight + (1 - is_across) * (1 - is_down) * aslant


def linked(ranked: Image.Image) -> Image.Image:
    """Paint white what is CLEAR, and what is FAINT and connected to something CLEAR."""
    width, height = ranked.width + 2, ranked.height + 2
    cells = bytearray(ranked.crop((-1, -1, width - 1, height - 1)).tobytes())
    around = [x + y * width for x, y in NEIGHBORS.values()]
    clear = [found.start() for found in re.finditer(bytes([CLEAR]), cells)]
    while clear:
        at = clear.pop()
        for step in around:
            if cells[at + step] == FAINT:
                cells[at + step] = CLEAR
                clear.append(at + step)
    whole = Image.frombytes("L", (width, height), bytes(cells))
    table = [255 if rank == CLEAR else 0 for rank in range(256)]
    return mapped(whole.crop((1, 1, width - 1, height - 1)), table)


def correlated(picture: Image.Image, weights: Weights) -> Image.Image:
    parts = {str(index): moved(picture, *place) for index, place in enumerate(weights)}
    factors = list(weights.values())
    return ImageMath.lambda_eval(
        lambda on: reduce(add, (on[name] * factors[int(name)] for name in parts)), **parts
    )


def moved(picture: Image.Image, x: int, y: int) -> Image.Image:
    """Move the picture left by `x` and up by `y`; outside is black."""
    return picture.crop((x, y, x + picture.width, y + picture.height))

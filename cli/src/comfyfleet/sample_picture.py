"""Draws the inputs of the first job: a coast by night, the same coast at dawn, and a beam of light.

The fleet lays the dawn over the night where the mask is white, so that the beam shows the dawn.
"""

from dataclasses import dataclass

from PIL import Image, ImageDraw, ImageFilter, ImageOps

SIZE = (960, 640)
HORIZON = 430
LAMP = (250, 190)
SUN = (690, 392)
FINER = 2
"""Drawn at twice the size and scaled down, so that edges are smooth."""


@dataclass(frozen=True, slots=True)
class Light:
    """Colors of one hour: sky from top to horizon, sea from horizon to bottom, and the rest."""

    sky: tuple[str, str]
    sea: tuple[str, str]
    land: str
    tower: str
    band: str
    sun: str | None


NIGHT = Light(("#050a1f", "#1b2a4f"), ("#13203d", "#060b1a"), "#04060f", "#2c3552", "#1d2338", None)
DAWN = Light(
    ("#3d6fb5", "#ffc48a"), ("#f2a97c", "#2f5f8f"), "#3b4a3a", "#f7f1e6", "#d2452f", "#fff3c4"
)


def coast(light: Light) -> Image.Image:
    """Draw the coast, 960 by 640 pixels, in the colors of one hour."""
    width, height = (FINER * side for side in SIZE)
    horizon = FINER * HORIZON
    picture = Image.new("RGB", (width, height))
    picture.paste(gradient(light.sky, (width, horizon)), (0, 0))
    picture.paste(gradient(light.sea, (width, height - horizon)), (0, horizon))
    pen = ImageDraw.Draw(picture)
    if light.sun:
        disk(pen, SUN, 46, light.sun)
        pen.rectangle((0, horizon, width, horizon + 2), fill=light.sun)
        for step in range(1, 9):
            half, y = 60 - 6 * step, HORIZON + 16 * step
            bar(pen, (SUN[0] - half, y), (SUN[0] + half, y + 4), light.sun)
    ground(pen, light)
    lighthouse(pen, light)
    return ImageOps.fit(picture, SIZE, Image.Resampling.LANCZOS)


def gradient(colors: tuple[str, str], size: tuple[int, int]) -> Image.Image:
    """Paint from the first color at the top to the second at the bottom."""
    top, bottom = (Image.new("RGB", size, color) for color in colors)
    ramp = Image.linear_gradient("L").transform(size, Image.Transform.EXTENT, (0, 0, 256, 256))
    return Image.composite(bottom, top, ramp)


def ground(pen: ImageDraw.ImageDraw, light: Light) -> None:
    outline = [(0, 640), (0, 440), (90, 420), (180, 400), (330, 405), (420, 450), (520, 640)]
    pen.polygon([(FINER * x, FINER * y) for x, y in outline], fill=light.land)


def lighthouse(pen: ImageDraw.ImageDraw, light: Light) -> None:
    """Draw a tower with two bands, a lamp room and a roof."""
    x, top = LAMP
    foot = 410
    for begin, end, color in ((0, 1, light.tower), (0.2, 0.4, light.band), (0.6, 0.8, light.band)):
        y1, y2 = (top + 28 + part * (foot - top - 28) for part in (begin, end))
        w1, w2 = (22 + 16 * part for part in (begin, end))
        corners = [(x - w1, y1), (x + w1, y1), (x + w2, y2), (x - w2, y2)]
        pen.polygon([(FINER * a, FINER * b) for a, b in corners], fill=color)
    bar(pen, (x - 32, top + 20), (x + 32, top + 28), light.band)
    bar(pen, (x - 16, top - 18), (x + 16, top + 20), "#ffe9a3")
    roof = [(x - 24, top - 18), (x + 24, top - 18), (x, top - 48)]
    pen.polygon([(FINER * a, FINER * b) for a, b in roof], fill=light.band)


def disk(pen: ImageDraw.ImageDraw, center: tuple[int, int], radius: int, color: str) -> None:
    (x, y), r = center, radius
    bar(pen, (x - r, y - r), (x + r, y + r), color, round_=True)


def bar(
    pen: ImageDraw.ImageDraw,
    start: tuple[float, float],
    end: tuple[float, float],
    color: str,
    *,
    round_: bool = False,
) -> None:
    box = [FINER * side for side in (*start, *end)]
    (pen.ellipse if round_ else pen.rectangle)(box, fill=color)


def beam() -> Image.Image:
    """Return the mask: white where the light falls, with soft edges."""
    mask = Image.new("L", SIZE)
    x, y = LAMP
    ImageDraw.Draw(mask).polygon([(x, y), (SIZE[0], y - 40), (SIZE[0], 640), (600, 640)], fill=255)
    return mask.filter(ImageFilter.GaussianBlur(14))

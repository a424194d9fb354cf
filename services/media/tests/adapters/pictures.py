"""Pictures for tests, as bytes and back."""

import io
from collections.abc import Sequence

from PIL import Image


def encoded(picture: Image.Image, form: str = "PNG", **options: object) -> bytes:
    data = io.BytesIO()
    picture.save(data, form, **options)
    return data.getvalue()


def decoded(data: bytes) -> Image.Image:
    picture = Image.open(io.BytesIO(data))
    picture.load()
    return picture


def a_picture(size: tuple[int, int] = (4, 3), mode: str = "RGB") -> Image.Image:
    """Every pixel differs from its neighbors, so a turn or a shift shows."""
    picture = Image.new("RGB", size)
    for x in range(size[0]):
        for y in range(size[1]):
            picture.putpixel((x, y), (x * 50 % 256, y * 70 % 256, (x + y) * 30 % 256))
    return picture.convert(mode)


def gray(rows: Sequence[Sequence[int]], mode: str = "L") -> Image.Image:
    picture = Image.new(mode, (len(rows[0]), len(rows)))
    for y, row in enumerate(rows):
        for x, value in enumerate(row):
            picture.putpixel((x, y), value)
    return picture


def rows(picture: Image.Image) -> list[list[int]]:
    data, width = picture.convert("L").tobytes(), picture.width
    return [list(data[at : at + width]) for at in range(0, len(data), width)]

"""A mask in any form decides, to the pixel, what `composite` lays over a picture."""

# Pillow leaves out the types of some parameters.
# pyright: reportUnknownMemberType=false

import io
from typing import Any

import httpx
import pytest
from PIL import Image, ImageChops, ImageDraw

from .test_pixels import a_photo, assert_same, through_the_fleet, upload

pytestmark = [pytest.mark.comfyui, pytest.mark.timeout(300)]
SIZE = (160, 120)
BACKGROUND, OVERLAY = a_photo(*SIZE, 5), a_photo(*SIZE, 6)


def a_drawing(width: int, height: int) -> Image.Image:
    """White strokes on black, as somebody draws them: hard edges, no symmetry."""
    drawing = Image.new("L", (width, height), 0)
    pen = ImageDraw.Draw(drawing)
    pen.ellipse((width // 8, height // 6, width // 2, height // 2), fill=255)
    pen.rectangle((width * 5 // 8, height // 2, width * 7 // 8, height - 10), fill=255)
    return drawing


def as_png(picture: Image.Image) -> bytes:
    file = io.BytesIO()
    picture.save(file, "PNG")
    return file.getvalue()


def with_holes(drawing: Image.Image) -> Image.Image:
    """A picture that is transparent where the drawing is white, as ComfyUI's mask editor saves."""
    picture = Image.new("RGBA", drawing.size, (90, 160, 30, 255))
    picture.putalpha(ImageChops.invert(drawing))
    return picture


def expected(mask: Image.Image) -> Image.Image:
    below, above = (Image.open(io.BytesIO(photo)) for photo in (BACKGROUND, OVERLAY))
    return Image.composite(above, below, mask)


def composed(api: httpx.Client, mask: Image.Image, **form: str) -> Image.Image:
    background = upload(api, BACKGROUND, "image")
    inputs: dict[str, Any] = {
        "image": {"media": background},
        "overlay": {"media": upload(api, OVERLAY, "image")},
        "mask": {"media": upload(api, as_png(mask), "mask", image_id=background, **form)},
    }
    return through_the_fleet(api, "composite", inputs)


def test_a_drawn_mask(api: httpx.Client) -> None:
    drawing = a_drawing(*SIZE)
    assert_same(composed(api, drawing), expected(drawing))


def test_a_mask_from_alpha(api: httpx.Client) -> None:
    drawing = a_drawing(*SIZE)
    assert_same(composed(api, with_holes(drawing)), expected(drawing))


def test_an_inverted_mask(api: httpx.Client) -> None:
    drawing = a_drawing(*SIZE)
    assert_same(composed(api, drawing, invert="true"), expected(ImageChops.invert(drawing)))


@pytest.mark.parametrize("size", [(80, 60), (320, 240), (100, 200)], ids=str)
def test_a_mask_of_another_size(api: httpx.Client, size: tuple[int, int]) -> None:
    drawing = a_drawing(*size)
    fitted = drawing.resize(SIZE, Image.Resampling.NEAREST)
    assert_same(composed(api, drawing), expected(fitted))


def test_an_inverted_mask_from_alpha_of_another_size(api: httpx.Client) -> None:
    drawing = a_drawing(80, 60)
    fitted = ImageChops.invert(drawing.resize(SIZE, Image.Resampling.NEAREST))
    assert_same(composed(api, with_holes(drawing), invert="true"), expected(fitted))

"""The workflows that need no model do, to the pixel, what their titles say."""

# Pillow leaves out the types of some parameters.
# pyright: reportUnknownMemberType=false

import io
from typing import Any

import httpx
import pytest
from PIL import Image, ImageChops

from .test_masks import a_drawing, as_png
from .test_pixels import a_photo, assert_same, through_the_fleet, upload

pytestmark = [pytest.mark.comfyui, pytest.mark.timeout(300)]
PHOTO = a_photo(160, 120, 8)
QUARTER_RIGHT, MIRROR = Image.Transpose.ROTATE_270, Image.Transpose.FLIP_LEFT_RIGHT


def the_photo() -> Image.Image:
    return Image.open(io.BytesIO(PHOTO))


def made(api: httpx.Client, workflow: str, **inputs: Any) -> Image.Image:
    image = {"media": upload(api, PHOTO, "image")}
    return through_the_fleet(api, workflow, {"image": image, **inputs})


def test_crop_takes_the_rectangle(api: httpx.Client) -> None:
    cropped = made(api, "crop", x=10, y=20, width=64, height=32)
    assert_same(cropped, the_photo().crop((10, 20, 74, 52)))


def test_rotate_turns_right(api: httpx.Client) -> None:
    assert_same(made(api, "rotate", turn=90), the_photo().transpose(QUARTER_RIGHT))


def test_rotate_mirrors(api: httpx.Client) -> None:
    mirrored = made(api, "rotate", turn=0, mirror="left-right")
    assert_same(mirrored, the_photo().transpose(MIRROR))


def test_stitch_puts_a_third_picture_only_if_there_is_one(api: httpx.Client) -> None:
    other = {"media": upload(api, a_photo(160, 120, 9), "image")}
    assert made(api, "stitch", second=other).size == (320, 120)
    assert made(api, "stitch", second=other, third=other, gap=10).size == (500, 120)


def test_cut_out_keeps_the_region_or_all_but_it(api: httpx.Client) -> None:
    drawing = a_drawing(160, 120)
    image = {"media": upload(api, PHOTO, "image")}
    mask = {"media": upload(api, as_png(drawing), "mask", image_id=image["media"])}
    inputs: dict[str, Any] = {"image": image, "mask": mask}

    kept = through_the_fleet(api, "cut_out", inputs)
    rest = through_the_fleet(api, "cut_out", {**inputs, "keep": False})

    assert_same(kept.getchannel("A"), drawing)
    assert_same(rest.getchannel("A"), ImageChops.invert(drawing))


def test_edges_are_black_on_white_or_white_on_black(api: httpx.Client) -> None:
    dark = made(api, "edges", black_on_white=False)
    assert_same(made(api, "edges"), ImageChops.invert(dark))

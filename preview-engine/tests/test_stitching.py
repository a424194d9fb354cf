"""ImageStitch: which picture goes where, and what lies between and beside."""

from typing import Any

import pytest
from PIL import Image

from preview_engine.classes.stitch import image_stitch

RED, BLUE, WHITE, BLACK = (255, 0, 0), (0, 0, 255), (255, 255, 255), (0, 0, 0)
FIRST, SECOND = Image.new("RGB", (40, 20), RED), Image.new("RGB", (10, 10), BLUE)


def stitched(**chosen: Any) -> tuple[Image.Image, ...]:
    inputs: dict[str, Any] = {
        "image1": (FIRST,),
        "image2": (SECOND,),
        "direction": "right",
        "match_image_size": True,
        "spacing_width": 0,
        "spacing_color": "white",
    }
    return image_stitch(**(inputs | chosen)).values[0]


@pytest.mark.parametrize(
    ("direction", "size", "red", "blue"),
    [
        ("right", (60, 20), (0, 0), (59, 19)),
        ("left", (60, 20), (59, 19), (0, 0)),
        ("down", (40, 60), (0, 0), (39, 59)),
        ("up", (40, 60), (39, 59), (0, 0)),
    ],
)
def test_the_second_picture_goes_there_at_the_size_of_the_first(
    direction: str, size: tuple[int, int], red: tuple[int, int], blue: tuple[int, int]
) -> None:
    [found] = stitched(direction=direction)
    assert found.size == size
    assert (found.getpixel(red), found.getpixel(blue)) == (RED, BLUE)


def test_a_smaller_one_lies_in_the_middle_and_an_odd_gap_is_one_wider() -> None:
    [found] = stitched(match_image_size=False, spacing_width=3, spacing_color="blue")
    assert found.size == (40 + 4 + 10, 20)
    assert [found.getpixel((x, 0)) for x in (39, 40, 43, 44)] == [RED, BLUE, BLUE, BLACK]
    assert [found.getpixel((50, y)) for y in (4, 5, 14, 15)] == [BLACK, BLUE, BLUE, BLACK]


def test_beside_a_smaller_one_it_is_white_if_the_gap_is() -> None:
    [found] = stitched(match_image_size=False)
    assert found.getpixel((45, 0)) == WHITE


def test_the_shorter_batch_goes_on_with_its_last_picture() -> None:
    other = Image.new("RGB", (40, 20), BLUE)
    found = stitched(image1=(FIRST, other), image2=(SECOND,))
    assert [one.getpixel((0, 0)) for one in found] == [RED, BLUE]


def test_without_a_second_picture_the_first_is_handed_on() -> None:
    assert stitched(image2=None) == (FIRST,)

"""Canny: thin lines where brightness jumps, and faint ones only where they lead to clear ones."""

import pytest
from PIL import Image, ImageDraw

from preview_engine.classes.edges import ROWS, canny


def edges_of(picture: Image.Image, low: float = 0.4, high: float = 0.8) -> Image.Image:
    [found] = canny(image=(picture,), low_threshold=low, high_threshold=high).values[0]
    return found.convert("L")


def a_step(light: int, *, size: tuple[int, int] = (40, 30), at: int = 20) -> Image.Image:
    picture = Image.new("RGB", size)
    picture.paste((light, light, light), (at, 0, *size))
    return picture


def white_in(found: Image.Image) -> int:
    return found.histogram()[255]


def test_a_step_is_one_line_on_its_left_from_border_to_border() -> None:
    found = edges_of(a_step(255))
    assert found.getbbox() == (19, 0, 20, 30)
    assert white_in(found) == 30


def test_a_picture_of_one_color_has_no_edge_even_at_its_border() -> None:
    assert edges_of(Image.new("RGB", (30, 20), (250, 120, 3))).getbbox() is None


def test_thresholds_are_compared_with_the_slope() -> None:
    """By kornia, a blurred step of the whole range has 2.59; one of a fifth has a fifth of it."""
    faint = a_step(51)
    assert white_in(edges_of(faint, 0.1, 0.5)) == 30
    assert white_in(edges_of(faint, 0.1, 0.55)) == 0


def test_a_faint_line_stays_where_it_leads_to_a_clear_one() -> None:
    """The step grows from a quarter of the range at the top to all of it at the bottom."""
    fading = a_step(255, size=(40, 192))
    fading.paste(Image.linear_gradient("L").crop((0, 64, 20, 256)), (20, 0))
    assert white_in(edges_of(fading, 0.3, 2.0).crop((0, 0, 25, 50))) == 50
    assert white_in(edges_of(fading.crop((0, 0, 40, 50)), 0.3, 2.0)) == 0


def test_strips_of_rows_leave_no_seam() -> None:
    tall = Image.new("RGB", (50, 2 * ROWS + 9))
    ImageDraw.Draw(tall).line((5, 0, 45, tall.height), fill=(255, 255, 255), width=7)
    whole = edges_of(tall)
    below = edges_of(tall.crop((0, ROWS - 20, 50, ROWS + 20)))
    assert (
        whole.crop((0, ROWS - 10, 50, ROWS + 10)).tobytes() == below.crop((0, 10, 50, 30)).tobytes()
    )
    assert white_in(whole) == pytest.approx(2 * tall.height, rel=0.05)


def test_thresholds_the_wrong_way_round_are_refused() -> None:
    with pytest.raises(ValueError, match=r"Got: 0\.8>0\.4"):
        edges_of(a_step(255), 0.8, 0.4)

"""The arithmetic of masks, pixel by pixel."""

import pytest
from PIL import Image

from contracts.media.files import MaskOptions
from contracts.values import Channel
from media.adapters.sandbox.mask import for_every_loader, make_mask, shown, taken_from
from media.domain.inspection import FileRefusedError

from .pictures import gray, rows


def transparent(alphas: list[int]) -> Image.Image:
    picture = Image.new("RGBA", (len(alphas), 1), (200, 100, 50, 255))
    picture.putalpha(gray([alphas]))
    return picture


def test_transparent_is_white_and_opaque_is_black() -> None:
    assert rows(make_mask(transparent([0, 255, 100]), MaskOptions())) == [[255, 0, 155]]


def test_without_any_transparency_luminance_is_the_mask() -> None:
    opaque = transparent([255, 255])
    opaque.putpixel((1, 0), (255, 255, 255, 255))
    assert rows(make_mask(opaque, MaskOptions()))[0][1] == 255
    assert rows(make_mask(gray([[0, 7, 255]]), MaskOptions())) == [[0, 7, 255]]


def test_white_paint_on_a_clear_canvas_is_the_mask() -> None:
    canvas = Image.new("RGBA", (3, 1))
    canvas.putpixel((1, 0), (255, 255, 255, 100))
    canvas.putpixel((2, 0), (255, 255, 255, 255))
    assert rows(make_mask(canvas, MaskOptions())) == [[0, 100, 255]]
    assert taken_from(canvas, MaskOptions()) == "luminance"
    assert rows(make_mask(canvas, MaskOptions(channel="alpha"))) == [[255, 155, 0]]


def test_luminance_can_be_asked_for_despite_transparency() -> None:
    picture = Image.new("RGBA", (2, 1), (255, 255, 255, 0))
    picture.putpixel((1, 0), (0, 0, 0, 9))
    assert rows(make_mask(picture, MaskOptions(channel="luminance"))) == [[255, 0]]


def test_alpha_asked_for_where_there_is_none_is_refused() -> None:
    with pytest.raises(FileRefusedError, match="transparency"):
        make_mask(gray([[0, 255]]), MaskOptions(channel="alpha"))


def test_inverted_is_255_minus_each_value() -> None:
    assert rows(make_mask(gray([[0, 7, 255]]), MaskOptions(invert=True))) == [[255, 248, 0]]


def test_hard_edges_stay_hard_when_resized() -> None:
    mask = make_mask(gray([[0, 255], [255, 0]]), MaskOptions(), size=(4, 4))
    assert rows(mask) == [[0, 0, 255, 255]] * 2 + [[255, 255, 0, 0]] * 2


def test_smooth_resizing_has_values_between() -> None:
    [row] = rows(make_mask(gray([[0, 255]]), MaskOptions(smooth=True), size=(4, 1)))
    assert row == sorted(row)
    assert row[0] == 0
    assert row[-1] == 255
    assert 0 < row[1] < row[2] < 255


def test_feather_blurs_the_edge_and_leaves_what_is_far_from_it() -> None:
    mask = make_mask(gray([[0] * 40 + [255] * 40] * 40), MaskOptions(feather=3))
    row = rows(mask)[20]
    assert row == sorted(row)
    assert (row[0], row[79]) == (0, 255)
    assert 100 < row[39] < 155


@pytest.mark.parametrize(("value", "code"), [(0, "empty_mask"), (255, "full_mask")])
def test_a_mask_of_one_extreme_is_refused_unless_allowed(value: int, code: str) -> None:
    picture = gray([[value, value]])
    with pytest.raises(FileRefusedError) as refused:
        make_mask(picture, MaskOptions())
    assert refused.value.code == code
    assert rows(make_mask(picture, MaskOptions(allow_empty=True))) == [[value, value]]


def test_a_fully_transparent_picture_is_a_full_mask() -> None:
    with pytest.raises(FileRefusedError) as refused:
        make_mask(transparent([0, 0]), MaskOptions())
    assert refused.value.code == "full_mask"


@pytest.mark.parametrize("channel", ["auto", "alpha", "luminance"])
def test_the_file_of_a_mask_is_that_mask_by_any_channel_and_in_its_thumbnail(
    channel: Channel,
) -> None:
    mask = gray([[0, 7, 255]])
    file = for_every_loader(mask)
    assert rows(make_mask(file, MaskOptions(channel=channel))) == rows(mask)
    assert rows(shown(file)) == rows(mask)


def test_a_transparent_picture_is_shown_as_it_is() -> None:
    picture = transparent([0, 255, 100])
    assert shown(picture) is picture

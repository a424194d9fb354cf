import pytest

from media.domain.inspection import choose_size, sizes_for


@pytest.mark.parametrize(
    ("width", "height", "sizes"),
    [
        (1, 1, [256]),
        (256, 10, [256]),
        (10, 257, [256, 512]),
        (700, 512, [256, 512, 1024]),
        (9_000, 9_000, [256, 512, 1024]),
    ],
)
def test_no_thumbnail_is_made_twice(width: int, height: int, sizes: list[int]) -> None:
    assert sizes_for(width, height) == sizes


@pytest.mark.parametrize(
    ("made", "asked", "chosen"),
    [([256, 512], 1, 256), ([256, 512], 300, 512), ([256], 1024, 256), ([], 256, None)],
)
def test_the_smallest_that_is_large_enough_is_given(
    made: list[int], asked: int, chosen: int | None
) -> None:
    assert choose_size(made, asked) == chosen

"""Strips BMP: head, colors and rows of pixels are kept, nothing behind or between them."""

from collections.abc import Iterator

from media.domain.bare.fragments import Fragments

FILE_HEAD, LEAST_HEAD, PALETTE_BITS = 14, 40, 8
PLAIN, MASKS = 0, 3
"""Compressions without which rows have no known size."""
MASK_BYTES = 12
WITH_MASKS = 52
"""Size of the smallest head that has its masks inside."""


def strip(data: bytes) -> Iterator[bytes | memoryview]:
    """Yield the parts to keep. Raises ValueError for a damaged or a compressed file."""
    kept = Fragments(data)
    start, head = kept.number(10, 4, "little"), kept.number(FILE_HEAD, 4, "little")
    width, height = kept.number(18, 4, "little"), kept.number(22, 4, "little")
    bits, compression = kept.number(28, 2, "little"), kept.number(30, 4, "little")
    if data[:2] != b"BM" or head < LEAST_HEAD or compression not in (PLAIN, MASKS):
        raise ValueError("no plain BMP")
    height = min(height, 2**32 - height)  # a negative one: the first row is the top one
    end = start + (width * bits + 31) // 32 * 4 * height
    colors = kept.number(46, 4, "little") or (2**bits if bits <= PALETTE_BITS else 0)
    masks = MASK_BYTES if compression == MASKS and head < WITH_MASKS else 0
    kept.keep(0, min(FILE_HEAD + head + masks + 4 * colors, start))
    kept.keep(start, end)
    yield from kept.parts()

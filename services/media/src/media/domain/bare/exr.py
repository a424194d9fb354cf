"""Strips OpenEXR: attributes that do not describe pixels become empty, and keep their length.

The pixels' table holds places in the file, so nothing may move. ComfyUI writes prompt and graph as
attributes of text. OpenEXR file layout: a head for each part, the table, chunks of pixels.
"""

from collections.abc import Iterator

from media.domain.bare.fragments import Fragments

NAME = b"v/1\x01"
TILED, DEEP, MANY_PARTS = 0x200, 0x800, 0x1000
"""Flags of the version."""
HEAD = 8
KEPT = frozenset(
    b"channels compression dataWindow displayWindow lineOrder pixelAspectRatio screenWindowCenter "
    b"screenWindowWidth tiles type name version chunkCount view multiView chromaticities "
    b"whiteLuminance adoptedNeutral framesPerSecond dwaCompressionLevel".split()
)
MAX_TYPE_BYTES = 32


def strip(data: bytes) -> Iterator[bytes | memoryview]:
    """Yield the file with empty attributes. Raises ValueError for a damaged one."""
    kept = Fragments(data)
    flags = kept.number(4, 4, "little")
    if data[:4] != NAME or flags & DEEP:
        raise ValueError("no OpenEXR of flat pixels")
    kept.keep(0, HEAD)
    at = head_end(kept, HEAD)
    while flags & MANY_PARTS and kept.number(at, 1):
        at = head_end(kept, at)
    at += 1 if flags & MANY_PARTS else 0
    kept.keep(at - 1, at)
    keep_pixels(kept, at, chunk_head(flags))
    yield from kept.parts()


def chunk_head(flags: int) -> int:
    """Return the bytes before the size of a chunk: its part, and its line or its tile."""
    return (4 if flags & MANY_PARTS else 0) + (16 if flags & TILED else 4)


def head_end(kept: Fragments, at: int) -> int:
    """Keep the attributes of one part, and return the place behind them."""
    number = 0
    while kept.number(at, 1):
        form_at = text_end(kept, at)
        size_at = text_end(kept, form_at)
        end = size_at + 4 + kept.number(size_at, 4, "little")
        if kept.data[at : form_at - 1] in KEPT:
            kept.keep(at, end)
        else:
            # another name for each: equal ones would be one attribute
            kept.write(at, f"{number:0{form_at - 1 - at}}".encode()[: form_at - 1 - at])
            kept.write(form_at, b"x" * (size_at - 1 - form_at))
            kept.keep(size_at, size_at + 4)
            number += 1
        at = end
    kept.keep(at, at + 1)
    return at + 1


def text_end(kept: Fragments, at: int) -> int:
    end = kept.data.find(b"\0", at, at + 256)
    if end <= at:
        raise ValueError("an attribute is damaged")
    return end + 1


def keep_pixels(kept: Fragments, table: int, head: int) -> None:
    """Keep the table of chunks, and each chunk that it names."""
    end, at = len(kept.data), table
    while at < end:
        start = kept.number(at, 8, "little")
        if start <= table:
            raise ValueError("the table of its pixels is not complete")
        size_end = start + head + 4
        kept.keep(start, size_end + kept.number(size_end - 4, 4, "little"))
        end, at = min(end, start), at + 8
    kept.keep(table, at)

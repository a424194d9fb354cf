"""Strips AVIF and HEIC, still and animated: bytes that no picture needs become zeros.

ISO/IEC 23008-12 (items) and 14496-12 (samples of tracks); `boxes` keeps their structure.
"""

from collections.abc import Iterator
from itertools import islice

from media.domain.bare.boxes import FULL, PICTURES, Box, boxes_in, inside, keep_box, type_at
from media.domain.bare.fragments import Fragments

IN_FILE, IN_ITEM_DATA = 0, 1
"""Ways in which an item names its place."""
WIDE_ITEMS = 2
"""Version of `iloc` from which numbers of items have four bytes."""


def strip(data: bytes) -> Iterator[bytes | memoryview]:
    """Yield the file with zeros for what is left out. Raises ValueError for a damaged one."""
    kept = Fragments(data)
    top = list(boxes_in(kept, 0, len(data), may_trail=True))
    if not top or top[0].name != b"ftyp":
        raise ValueError("no brands")
    for box in top:
        keep_box(kept, box)
        keep_pictures(kept, box)
    kept.keep(top[-1].end, top[-1].end)  # zeros up to there
    yield from kept.parts()


def keep_pictures(kept: Fragments, box: Box) -> None:
    """Keep the bytes that a box on the top level names."""
    if box.name == b"moof":
        raise ValueError("its samples are in fragments")
    if box.name == b"meta":
        keep_items(kept, {child.name: child for child in inside(kept, box)})
    if box.name == b"moov":
        for track in inside(kept, box):
            if track.name == b"trak":
                keep_samples(kept, table_of(kept, track))


def keep_items(kept: Fragments, meta: dict[bytes, Box]) -> None:
    """Keep the bytes of all items that are pictures."""
    shown: set[int] = set()
    for entry in inside(kept, meta[b"iinf"]) if b"iinf" in meta else ():
        at = type_at(kept, entry)
        if kept.data[at : at + 4] in PICTURES:
            shown.add(kept.number(entry.body + FULL, at - entry.body - FULL - 2))
    if b"iloc" not in meta:
        raise ValueError("the places of its items are missing")
    for number, way, start, end in places(kept, meta[b"iloc"]):
        if number not in shown:
            continue
        if way not in (IN_FILE, IN_ITEM_DATA) or (way and b"idat" not in meta):
            raise ValueError("an item is a part of another")
        origin = meta[b"idat"].body if way == IN_ITEM_DATA else 0
        kept.keep(origin + start, origin + end)


def places(kept: Fragments, iloc: Box) -> Iterator[tuple[int, int, int, int]]:
    """Yield number, way, begin and end of each part of each item (section 8.11.3)."""
    version, at = kept.number(iloc.body, 1), iloc.body + FULL
    place, length = divmod(kept.number(at, 1), 16)
    base, index = divmod(kept.number(at + 1, 1), 16)
    wide = 4 if version == WIDE_ITEMS else 2
    count, at = kept.number(at + 2, wide), at + 2 + wide
    for _ in range(count):
        number, at = kept.number(at, wide), at + wide
        way = IN_FILE
        if version:
            way, at = kept.number(at, 2) & 15, at + 2
        start = kept.number(at + 2, base)
        parts, at = kept.number(at + 2 + base, 2), at + 4 + base
        for _ in range(parts):
            at += index if version else 0
            begin = start + kept.number(at, place)
            size = kept.number(at + place, length)
            at += place + length
            yield number, way, begin, begin + size


def table_of(kept: Fragments, track: Box) -> dict[bytes, Box]:
    """Return the boxes of a track's table of samples."""
    box = track
    for name in (b"mdia", b"minf", b"stbl"):
        found = [child for child in inside(kept, box) if child.name == name]
        if not found:
            raise ValueError("a track has no samples")
        box = found[0]
    return {child.name: child for child in inside(kept, box)}


def keep_samples(kept: Fragments, table: dict[bytes, Box]) -> None:
    """Keep the samples of a track, chunk by chunk (sections 8.7.3 to 8.7.5)."""
    wide, chunks = (8, table[b"co64"]) if b"co64" in table else (4, table.get(b"stco"))
    if chunks is None or not {b"stsz", b"stsc"} <= table.keys():
        raise ValueError("the places of its samples are missing")
    size = kept.number(table[b"stsz"].body + FULL, 4)
    sizes = numbers(kept, table[b"stsz"].body + FULL + 4, 0 if size else 4)
    runs = numbers(kept, table[b"stsc"].body + FULL, 4, columns=3)
    lengths = dict(zip(runs[::3], runs[1::3], strict=False))
    samples, left = 0, iter(sizes)
    for chunk, start in enumerate(numbers(kept, chunks.body + FULL, wide), 1):
        samples = lengths.get(chunk, samples)
        kept.keep(start, start + (size * samples if size else sum(islice(left, samples))))


def numbers(kept: Fragments, at: int, size: int, columns: int = 1) -> list[int]:
    """Return the numbers of a table, which begins with the number of its rows."""
    begin = at + 4
    end = begin + kept.number(at, 4) * columns * size
    if end > len(kept.data):
        raise ValueError("a table is cut short")
    return [kept.number(place, size) for place in range(begin, end, size)] if size else []

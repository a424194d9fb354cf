"""Strips TIFF and BigTIFF: of each directory, the fields that describe pixels are kept.

TIFF 6.0 and the BigTIFF design: a head, a chain of directories, and values and pixels anywhere
between them. What no kept field names becomes zeros.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from media.domain.bare.fragments import Fragments, Order

ORDERS: dict[bytes, Order] = {b"II": "little", b"MM": "big"}
BIG = 43
SUB_DIRECTORIES = 330
PIXELS = {273: 279, 324: 325}
"""Tags of the places of strips and tiles → tags of their sizes in bytes."""
COMPRESSION, OLD_JPEG = 259, 6
KEPT = frozenset(
    {
        *range(254, 260),  # kind, size, bits, compression
        *(262, 266, 273, 274, 277, 278, 279, 280, 281, 282, 283, 284, 286, 287, 290, 291),
        *(292, 293, 296, 297, 301, 317, 318, 319, 320, 321, *range(322, 326), 330, 332, 334),
        *(336, 338, 339, 340, 341, 342, 347, *range(529, 533)),
        *(32997, 32998, 34675, 50674),  # depth, color profile, parameters of LERC
    }
)
SIZES = {1: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8, 18: 8}
"""Bytes of one value of each type but text. 16 and 18 are places of 64 bits."""


@dataclass(frozen=True, slots=True)
class Form:
    """Sizes in bytes of the parts of a directory, and the order of bytes in a number."""

    order: Order
    place: int
    count: int

    @property
    def field(self) -> int:
        return 4 + 2 * self.place


@dataclass(frozen=True, slots=True)
class Values:
    """Numbers of one field: where they are, how many, and the bytes of each."""

    at: int
    count: int
    size: int


def strip(data: bytes) -> Iterator[bytes | memoryview]:
    """Yield the file with zeros for what is left out. Raises ValueError for a damaged one."""
    kept, order = Fragments(data), ORDERS.get(data[:2])
    if order is None:
        raise ValueError("no TIFF")
    is_big = kept.number(2, 2, order) == BIG
    form = Form(order, 8, 8) if is_big else Form(order, 4, 2)
    head = form.place
    kept.keep(0, head + form.place)
    waiting, seen = [kept.number(head, form.place, form.order)], set[int]()
    while waiting:
        at = waiting.pop()
        if at in seen:
            continue
        seen.add(at)
        waiting += directory(kept, at, form)
    yield from kept.parts()


def directory(kept: Fragments, at: int, form: Form) -> list[int]:
    """Keep one directory and its pixels, and return the places of those that it names."""
    count, first = kept.number(at, form.count, form.order), at + form.count
    end = first + count * form.field
    following = kept.number(end, form.place, form.order)
    fields: dict[int, Values] = {}
    lines: list[bytes] = []
    for line in range(first, end, form.field):
        tag = kept.number(line, 2, form.order)
        if tag in KEPT and (values := values_of(kept, line, form)):
            fields[tag] = values
            lines.append(kept.data[line : line + form.field])
            if not first <= values.at < end:
                kept.keep(values.at, values.at + values.count * values.size)
    keep_pixels(kept, fields, form)
    head = len(lines).to_bytes(form.count, form.order)
    kept.write(at, head + b"".join(lines) + following.to_bytes(form.place, form.order))
    named = [*numbers(kept, fields.get(SUB_DIRECTORIES), form), following]
    return [place for place in named if place]


def values_of(kept: Fragments, line: int, form: Form) -> Values | None:
    """Return where the values of a field are; None for text. Few values stand in the field."""
    size = SIZES.get(kept.number(line + 2, 2, form.order))
    count = kept.number(line + 4, form.place, form.order)
    if not size:
        return None
    inside = line + 4 + form.place
    if count * size <= form.place:
        return Values(inside, count, size)
    return Values(kept.number(inside, form.place, form.order), count, size)


def keep_pixels(kept: Fragments, fields: dict[int, Values], form: Form) -> None:
    if OLD_JPEG in numbers(kept, fields.get(COMPRESSION), form):
        raise ValueError("its compression has parts of unknown size")
    for places, sizes in PIXELS.items():
        starts = numbers(kept, fields.get(places), form)
        lengths = numbers(kept, fields.get(sizes), form)
        if len(starts) != len(lengths):
            raise ValueError("the sizes of its strips are missing")
        for start, length in zip(starts, lengths, strict=True):
            kept.keep(start, start + length)


def numbers(kept: Fragments, values: Values | None, form: Form) -> list[int]:
    if values is None:
        return []
    end = values.at + values.count * values.size
    return [kept.number(at, values.size, form.order) for at in range(values.at, end, values.size)]

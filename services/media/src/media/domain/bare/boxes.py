"""Keeps the boxes of AVIF and HEIC that hold pictures or numbers (ISO/IEC 14496-12, 23008-12).

Boxes name places in the file, so nothing moves: a box that is left out becomes an empty `free` one.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from media.domain.bare.fragments import Fragments

FULL = 4
"""Bytes of version and flags."""
HEADS = {
    **dict.fromkeys(b"iprp ipco moov trak edts mdia minf stbl dinf grpl".split(), 0),
    b"meta": FULL,
    b"stsd": FULL + 4,
    b"dref": FULL + 4,
}
"""Boxes that hold boxes → bytes before the first of them."""
NUMBERS = frozenset(
    b"ftyp pitm iloc iref ipma ispe pixi av1C hvcC lhvC colr irot imir clap pasp auxC a1op a1lx "
    b"lsel clli mdcv cclv altr ster mvhd tkhd tref elst mdhd vmhd nmhd stts stsc stsz stco co64 "
    b"ctts stss sdtp auxi ccst btrt".split()
)
CUT = {b"hdlr": FULL + 20, b"url ": FULL, b"mdat": 0, b"idat": 0}
"""Boxes of which only the first bytes are kept: names follow, or places that others name."""
PROPERTIES, DROPPED_PROPERTIES = b"ipco", frozenset({b"udes", b"uuid", b"free", b"skip"})
SAMPLE_ENTRIES = frozenset({b"av01", b"hvc1", b"hev1"})
CODEC_NAME, SAMPLE_ENTRY_HEAD = (42, 74), 78
"""Places in a sample entry; boxes follow its head."""
PICTURES = frozenset({*(b"av01", b"hvc1", b"lhv1", b"hvt1", b"grid", b"iovl", b"iden", b"tmap")})
TEXTS = frozenset({b"Exif", b"mime", b"uri ", b"free"})
"""Types of items."""
NEEDED = frozenset({b"ftyp", b"meta", b"moov", b"mdat"})
BOX_HEAD, LONG_BOX_HEAD = 8, 16
LONG_BOX, BOX_TO_THE_END = 1, 0


@dataclass(frozen=True, slots=True)
class Box:
    name: bytes
    start: int
    body: int
    end: int


def boxes_in(kept: Fragments, at: int, end: int, *, may_trail: bool = False) -> Iterator[Box]:
    """Yield the boxes between two places. Raises ValueError if one is cut short.

    `may_trail`: other bytes may follow the last one.
    """
    while at < end:
        if may_trail and end - at < LONG_BOX_HEAD:
            return
        size, name = kept.number(at, 4), kept.data[at + 4 : at + BOX_HEAD]
        head = BOX_HEAD
        if size == LONG_BOX:
            size, head = kept.number(at + BOX_HEAD, 8), LONG_BOX_HEAD
        if size == BOX_TO_THE_END:
            size = end - at
        if size < head or at + size > end:
            if may_trail and name not in NEEDED:
                return
            raise ValueError("a box is cut short")
        yield Box(name, at, at + head, at + size)
        at += size


def inside(kept: Fragments, box: Box) -> Iterator[Box]:
    """Yield the boxes in a box."""
    return boxes_in(kept, box.body + head_bytes(kept, box), box.end)


def head_bytes(kept: Fragments, box: Box) -> int:
    if box.name == b"iinf":
        return FULL + (4 if kept.number(box.body, 1) else 2)
    return SAMPLE_ENTRY_HEAD if box.name in SAMPLE_ENTRIES else HEADS[box.name]


def keep_box(kept: Fragments, box: Box, parent: bytes = b"") -> None:
    """Keep a box without its texts, or leave it out."""
    if box.name in NUMBERS:
        kept.keep(box.start, box.end)
    elif box.name in CUT:
        kept.keep(box.start, min(box.body + CUT[box.name], box.end))
    elif box.name == b"infe":
        keep_entry(kept, box)
    elif parent == b"stsd" and box.name in SAMPLE_ENTRIES:
        kept.keep(box.start, box.body + CODEC_NAME[0])
        kept.keep(box.body + CODEC_NAME[1], box.body + SAMPLE_ENTRY_HEAD)
        keep_all(kept, box)
    elif box.name == b"iinf" or (box.name in HEADS and not (parent and box.name == b"meta")):
        kept.keep(box.start, box.body + head_bytes(kept, box))
        keep_all(kept, box)
    elif parent == PROPERTIES and box.name not in DROPPED_PROPERTIES:
        raise ValueError("a property of the picture is unknown")
    else:
        kept.keep(box.start, box.start + 4)
        kept.write(box.start + 4, b"free")
        kept.keep(box.start + BOX_HEAD, box.body)


def keep_all(kept: Fragments, box: Box) -> None:
    for child in inside(kept, box):
        keep_box(kept, child, box.name)


def type_at(kept: Fragments, entry: Box) -> int:
    """Return where the type of an item stands, behind its number and two bytes."""
    number_bytes = {2: 2, 3: 4}.get(kept.number(entry.body, 1))
    if number_bytes is None:
        raise ValueError("an item has no type")
    return entry.body + FULL + number_bytes + 2


def keep_entry(kept: Fragments, entry: Box) -> None:
    """Keep number and type of an item; its name goes, and the type of a text."""
    at = type_at(kept, entry)
    form = kept.data[at : at + 4]
    if form not in PICTURES | TEXTS:
        raise ValueError("an item may be a part of the picture")
    kept.keep(entry.start, at)
    kept.write(at, form if form in PICTURES else b"free")

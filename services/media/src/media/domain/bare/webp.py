"""Strips WebP and reads its size from its first bytes (RFC 9649).

Of EXIF the orientation stays, by which viewers turn the picture.
"""

from collections.abc import Iterable, Iterator

from media.domain.bare.exif import turned_only

RIFF_HEAD, RIFF_CHUNK = 12, 8
KEPT = frozenset({b"VP8 ", b"VP8L", b"VP8X", b"ALPH", b"ANIM", b"ANMF", b"ICCP"})
HEAD, EXIF = b"VP8X", b"EXIF"
HAS_EXIF, HAS_XMP = 0b1000, 0b0100
"""Bits of the first byte of the head that announce EXIF and XMP."""
SIZE_BYTES = 30
"""Bytes of a file that `size_of` needs."""


def strip(data: bytes) -> Iterator[bytes]:
    """Yield the parts to keep. Raises ValueError unless `data` begins with one whole WebP."""
    if data[:4] != b"RIFF" or data[8:12] != b"WEBP":
        raise ValueError("no WebP")
    found = list(chunks(data, RIFF_CHUNK + little(data[4:8])))
    turned = b""
    if found and (head := found[0])[:4] == HEAD:
        flags = head[RIFF_CHUNK]
        turned = turned_chunk(found) if flags & HAS_EXIF else b""
        flags &= ~(HAS_XMP if turned else HAS_XMP | HAS_EXIF)
        found[0] = head[:RIFF_CHUNK] + bytes((flags,)) + head[RIFF_CHUNK + 1 :]
    kept = [*(chunk for chunk in found if chunk[:4] != EXIF), turned]
    size = RIFF_HEAD - RIFF_CHUNK + sum(map(len, kept))
    yield b"RIFF" + size.to_bytes(4, "little") + b"WEBP"
    yield from kept


def chunks(data: bytes, end: int) -> Iterator[bytes]:
    """Yield the chunks to keep, and those with EXIF."""
    if end > len(data):
        raise ValueError("the file is cut short")
    at = RIFF_HEAD
    while at < end:
        name = data[at : at + 4]
        size = little(data[at + 4 : at + 8])
        after = at + RIFF_CHUNK + size + size % 2
        if after > end or (name == HEAD and not size):
            raise ValueError("a chunk is cut short")
        if name in KEPT or name == EXIF:
            yield data[at:after]
        at = after


def turned_chunk(found: Iterable[bytes]) -> bytes:
    """Return a chunk with the orientation that the first EXIF says, empty if it says none."""
    exif = next((chunk[RIFF_CHUNK:] for chunk in found if chunk[:4] == EXIF), b"")
    turned = turned_only(exif)
    return EXIF + len(turned).to_bytes(4, "little") + turned if turned else b""


def size_of(head: bytes) -> tuple[int, int] | None:
    """Return width and height in pixels, or None if `head` begins no WebP."""
    if len(head) < SIZE_BYTES or head[:4] != b"RIFF" or head[8:12] != b"WEBP":
        return None
    match head[12:16]:
        case b"VP8X":
            return little(head[24:27]) + 1, little(head[27:30]) + 1
        case b"VP8L":
            bits = little(head[21:25])
            return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
        case b"VP8 ":
            return little(head[26:28]) & 0x3FFF, little(head[28:30]) & 0x3FFF
        case _:
            return None


def little(data: bytes) -> int:
    return int.from_bytes(data, "little")

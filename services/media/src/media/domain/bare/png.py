"""Strips PNG: keeps chunks of pixels, colors and frames (W3C PNG, third edition, section 11).

Of EXIF the orientation stays, by which viewers turn the picture.
"""

import zlib
from collections.abc import Iterator

from media.domain.bare.exif import turned_only

HEAD = b"\x89PNG\r\n\x1a\n"
KEPT = frozenset(
    b"IHDR PLTE IDAT IEND tRNS cHRM gAMA iCCP sBIT sRGB cICP bKGD hIST pHYs acTL fcTL fdAT".split()
)
EXIF = b"eXIf"
OVERHEAD = 12


def strip(data: bytes) -> Iterator[bytes]:
    """Yield the parts to keep. Raises ValueError unless `data` begins with one whole PNG."""
    if data[: len(HEAD)] != HEAD:
        raise ValueError("no PNG")
    yield HEAD
    at = len(HEAD)
    while True:
        name = data[at + 4 : at + 8]
        end = at + OVERHEAD + int.from_bytes(data[at : at + 4], "big")
        if end > len(data) or not name:
            raise ValueError("a chunk is cut short")
        if name in KEPT:
            chunk = data[at:end]
            if not is_whole(chunk):
                raise ValueError("a chunk is damaged")
            yield chunk
        elif name == EXIF and is_whole(data[at:end]):
            yield from turned_chunk(data[at + 8 : end - 4])
        if name == b"IEND":
            return
        at = end


def is_whole(chunk: bytes) -> bool:
    return zlib.crc32(chunk[4:-4]) == int.from_bytes(chunk[-4:], "big")


def turned_chunk(exif: bytes) -> Iterator[bytes]:
    """Yield a chunk with the orientation, if there is one."""
    if turned := turned_only(exif):
        named = EXIF + turned
        yield len(turned).to_bytes(4, "big") + named + zlib.crc32(named).to_bytes(4, "big")

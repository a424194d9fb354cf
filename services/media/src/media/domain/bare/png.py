"""Strips PNG: keeps chunks of pixels, colors and frames (W3C PNG, third edition, section 11)."""

import zlib
from collections.abc import Iterator

HEAD = b"\x89PNG\r\n\x1a\n"
KEPT = frozenset(
    b"IHDR PLTE IDAT IEND tRNS cHRM gAMA iCCP sBIT sRGB cICP bKGD hIST pHYs acTL fcTL fdAT".split()
)
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
            if zlib.crc32(chunk[4:-4]) != int.from_bytes(chunk[-4:], "big"):
                raise ValueError("a chunk is damaged")
            yield chunk
        if name == b"IEND":
            return
        at = end

"""Strips JPEG: EXIF but its orientation, comments, thumbnails and trailing bytes are left out.

Entropy-coded data and tables are copied. The markers are those of ITU-T T.81, table B.1.
"""

from collections.abc import Iterator
from typing import Literal

FILL, STUFFED = 0xFF, 0x00
END, SCAN = 0xD9, 0xDA
RESTARTS = range(0xD0, 0xD8)
# JFIF, Adobe and profile segments say which colors are meant, so they belong to the picture.
JFIF, EXIF, PROFILE, ADOBE = 0xE0, 0xE1, 0xE2, 0xEE
APPLICATION, COMMENT = range(0xE0, 0xF0), 0xFE
EXIF_NAME = b"Exif\0\0"
BYTE_ORDERS: dict[bytes, Literal["little", "big"]] = {b"II*\0": "little", b"MM\0*": "big"}
IFD_PLACE, IFD_ENTRY, MOST_ENTRIES = slice(4, 8), 12, 100
ORIENTATION, TURNED = 0x0112, range(2, 9)
LENGTH_BYTES = 2
KNOWN_BYTES = 12
"""Bytes kept of the body of a JFIF or Adobe segment; a thumbnail may follow in a JFIF segment."""


def strip(data: bytes) -> Iterator[bytes]:
    """Yield the parts to keep. Raises ValueError unless `data` begins with one whole JPEG."""
    if data[:2] != b"\xff\xd8":
        raise ValueError("no start of image")
    yield b"\xff\xd8"
    at = 2
    while True:
        marker, at = marker_at(data, at)
        if marker == END:
            yield b"\xff\xd9"
            return
        length = int.from_bytes(data[at : at + LENGTH_BYTES], "big")
        body = data[at + LENGTH_BYTES : at + length]
        if length < LENGTH_BYTES or len(body) != length - LENGTH_BYTES:
            raise ValueError("a segment is cut short")
        at += length
        yield from segment(marker, body)
        if marker == SCAN:
            end = scan_end(data, at)
            yield data[at:end]
            at = end


def marker_at(data: bytes, at: int) -> tuple[int, int]:
    """Return a marker and the place of its segment; fill bytes (0xFF) may precede it."""
    if data[at : at + 1] != b"\xff":
        raise ValueError("no marker where one must be")
    while data[at : at + 1] == b"\xff":
        at += 1
    if at >= len(data):
        raise ValueError("no end of image")
    return data[at], at + 1


def segment(marker: int, body: bytes) -> Iterator[bytes]:
    """Yield the segment rebuilt from its known bytes, or nothing if it is left out."""
    if marker == JFIF:
        if not body.startswith(b"JFIF\0"):
            return
        body = body[:KNOWN_BYTES] + b"\0\0"
    elif marker == ADOBE:
        if not body.startswith(b"Adobe"):
            return
        body = body[:KNOWN_BYTES]
    elif marker == PROFILE and body.startswith(b"ICC_PROFILE\0"):
        pass  # kept whole
    elif marker == EXIF and (turned := orientation(body)) in TURNED:
        body = turned_exif(turned)
    elif marker == COMMENT or marker in APPLICATION:
        return
    length = len(body) + LENGTH_BYTES
    yield bytes((FILL, marker)) + length.to_bytes(LENGTH_BYTES, "big") + body


def orientation(body: bytes) -> int:
    """Return how the picture is turned (Exif 2.3, section 4.6.4), 0 if the segment does not say."""
    tiff = body[len(EXIF_NAME) :]
    order = BYTE_ORDERS.get(tiff[:4])
    if order is None or not body.startswith(EXIF_NAME):
        return 0

    def number(part: bytes) -> int:
        return int.from_bytes(part, order)

    begin = number(tiff[IFD_PLACE])
    count = min(number(tiff[begin : begin + 2]), MOST_ENTRIES)
    for at in range(begin + 2, begin + 2 + count * IFD_ENTRY, IFD_ENTRY):
        if number(tiff[at : at + 2]) == ORIENTATION:
            return number(tiff[at + 8 : at + 10])
    return 0


def turned_exif(turned: int) -> bytes:
    """Return the body of a segment that holds the orientation and nothing else."""
    entry = b"".join(number.to_bytes(2, "big") for number in (ORIENTATION, 3, 0, 1, turned, 0))
    return EXIF_NAME + b"MM\0*\0\0\0\x08\0\x01" + entry + bytes(4)


def scan_end(data: bytes, at: int) -> int:
    """Return the end of entropy-coded data: a marker that is no restart and no stuffed zero."""
    while True:
        at = data.find(b"\xff", at)
        if at < 0 or at + 1 >= len(data):
            raise ValueError("no end of image")
        following = data[at + 1]
        if following == FILL:
            at += 1
        elif following == STUFFED or following in RESTARTS:
            at += 2
        else:
            return at

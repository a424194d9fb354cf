"""Strips JPEG: EXIF but its orientation, comments, thumbnails and trailing bytes are left out.

Entropy-coded data and tables are copied. The markers are those of ITU-T T.81, table B.1.
"""

from collections.abc import Iterator

from media.domain.bare import exif

FILL, STUFFED = 0xFF, 0x00
END, SCAN = 0xD9, 0xDA
RESTARTS = range(0xD0, 0xD8)
# JFIF, Adobe and profile segments say which colors are meant, so they belong to the picture.
JFIF, EXIF, PROFILE, ADOBE = 0xE0, 0xE1, 0xE2, 0xEE
APPLICATION, COMMENT = range(0xE0, 0xF0), 0xFE
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
    elif marker == EXIF and body.startswith(exif.NAME) and (turned := exif.turned_only(body)):
        body = exif.NAME + turned
    elif marker == COMMENT or marker in APPLICATION:
        return
    length = len(body) + LENGTH_BYTES
    yield bytes((FILL, marker)) + length.to_bytes(LENGTH_BYTES, "big") + body


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

"""Reads how EXIF turns a picture, and makes EXIF that says nothing else.

Viewers turn JPEG, PNG and WebP by it, so the orientation belongs to what is seen. Exif 2.3,
section 4.6.4: a TIFF head and a directory; the picture's format tells where it stands.
"""

from typing import Literal

NAME = b"Exif\0\0"
"""Stands before it in JPEG; some programs write it in PNG and WebP too."""
BYTE_ORDERS: dict[bytes, Literal["little", "big"]] = {b"II*\0": "little", b"MM\0*": "big"}
IFD_PLACE, IFD_ENTRY, MOST_ENTRIES = slice(4, 8), 12, 100
ORIENTATION, TURNED = 0x0112, range(2, 9)
SIDEWAYS = range(5, 9)
"""Orientations in which width and height change places."""


def turned_only(exif: bytes) -> bytes | None:
    """Return EXIF that holds the orientation alone, None if the picture is not turned."""
    turned = orientation(exif)
    if turned not in TURNED:
        return None
    entry = b"".join(number.to_bytes(2, "big") for number in (ORIENTATION, 3, 0, 1, turned, 0))
    return b"MM\0*\0\0\0\x08\0\x01" + entry + bytes(4)


def orientation(exif: bytes) -> int:
    """Return how the picture is turned, 0 if that is not said."""
    tiff = exif.removeprefix(NAME)
    order = BYTE_ORDERS.get(tiff[:4])
    if order is None:
        return 0

    def number(part: bytes) -> int:
        return int.from_bytes(part, order)

    begin = number(tiff[IFD_PLACE])
    count = min(number(tiff[begin : begin + 2]), MOST_ENTRIES)
    for at in range(begin + 2, begin + 2 + count * IFD_ENTRY, IFD_ENTRY):
        if number(tiff[at : at + 2]) == ORIENTATION:
            return number(tiff[at + 8 : at + 10])
    return 0

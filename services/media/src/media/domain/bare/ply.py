"""Strips PLY, models and splats: the comments in its head are left out."""

from collections.abc import Iterator

BEGIN, END = b"ply", b"end_header"
COMMENTS = (b"comment", b"obj_info")


def begins(head: bytes) -> bool:
    return head[:4] in (b"ply\n", b"ply\r")


def strip(data: bytes) -> Iterator[bytes]:
    """Yield the parts to keep. Raises ValueError if the head has no end."""
    at = 0
    while True:
        end = data.find(b"\n", at) + 1
        if not end:
            raise ValueError("the head is cut short")
        line = data[at:end]
        if not line.startswith(COMMENTS):
            yield line
        if line.rstrip() == END:
            yield data[end:]
            return
        at = end

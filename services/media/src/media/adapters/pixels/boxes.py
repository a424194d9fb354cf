"""Whether an MP4, MOV or M4A is all there: FFmpeg takes one that ends early as a shorter one."""

from pathlib import Path

HEAD, LONG_HEAD = 8, 16
LONG, TO_THE_END = 1, 0
NEEDED = frozenset({b"mdat", b"moov", b"moof"})


def is_cut(file: Path) -> bool:
    """Say whether a box that has pictures, or tells where they are, ends behind the file."""
    end, at = file.stat().st_size, 0
    with file.open("rb") as opened:
        while at + HEAD <= end:
            opened.seek(at)
            head = opened.read(LONG_HEAD)
            size, name = int.from_bytes(head[:4], "big"), head[4:8]
            if size == LONG:
                size = int.from_bytes(head[HEAD:], "big")
            if size == TO_THE_END or size < HEAD:
                return False
            at += size
            if at > end:
                return name in NEEDED
    return False

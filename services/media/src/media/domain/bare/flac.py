"""Strips FLAC: the blocks that a decoder needs, and the frames; tags behind them are left out.

FFmpeg takes tags behind the last frame for a part of it. RFC 9639, sections 8 (blocks) and 9.
"""

from collections.abc import Iterator

from media.domain.bare.sound_tags import ID3_HEAD, tags_begin, tags_end

NAME, BLOCK_HEAD = b"fLaC", 4
LAST, STREAM_INFO, SEEK_TABLE = 0x80, 0, 3
SYNC = (b"\xff\xf8", b"\xff\xf9")
MAX_TRIES, MAX_FRAME_BYTES = 64, 1024**2
POLYNOMIAL = 0x8005


def strip(data: bytes) -> Iterator[bytes]:
    """Yield the parts to keep. Raises ValueError unless they end with one whole frame."""
    at = tags_end(lambda place: data[place : place + ID3_HEAD])
    if data[at : at + len(NAME)] != NAME:
        raise ValueError("no FLAC")
    blocks, at = kept_blocks(data, at + len(NAME))
    end = tags_begin(data, at)
    check_last_frame(data[max(at, end - MAX_FRAME_BYTES) : end])
    yield NAME
    for n, block in enumerate(blocks, 1):
        flag = LAST if n == len(blocks) else 0
        yield bytes((block[0] & ~LAST | flag,)) + block[1:]
    yield data[at:end]


def kept_blocks(data: bytes, at: int) -> tuple[list[bytes], int]:
    """Return the blocks that describe the stream, and the place of the first frame."""
    blocks: list[bytes] = []
    is_last = False
    while not is_last:
        head = data[at : at + BLOCK_HEAD]
        end = at + BLOCK_HEAD + int.from_bytes(head[1:], "big")
        if len(head) < BLOCK_HEAD or end > len(data):
            raise ValueError("a block is cut short")
        is_last = bool(head[0] & LAST)
        if head[0] & ~LAST in (STREAM_INFO, SEEK_TABLE):
            blocks.append(data[at:end])
        at = end
    if not blocks or blocks[0][0] & ~LAST != STREAM_INFO:
        raise ValueError("the description of the stream is missing")
    return blocks, at


def check_last_frame(data: bytes) -> None:
    """Raise ValueError unless `data` ends with a whole frame, by its checksum."""
    at = len(data)
    for _ in range(MAX_TRIES):
        at = max(data.rfind(mark, 0, at + 1) for mark in SYNC)
        if at < 0:
            break
        if checksum(data[at:]) == 0:
            return
    raise ValueError("it does not end with a whole frame")


def checksum(frame: bytes) -> int:
    """Return the CRC-16 of a frame with its own, which is 0 (section 9.3)."""
    found = 0
    for byte in frame:
        found = (found << 8 & 0xFFFF) ^ TABLE[found >> 8 ^ byte]
    return found


def row(value: int) -> int:
    value <<= 8
    for _ in range(8):
        value = (value << 1 & 0xFFFF) ^ (POLYNOMIAL if value & 0x8000 else 0)
    return value


TABLE = [row(value) for value in range(256)]

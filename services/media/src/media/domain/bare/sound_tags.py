"""Finds tags around a sound: ID3v2 before it; ID3v1 and APE version 2 behind it.

FFmpeg would take those behind for a part of the sound.
"""

from collections.abc import Callable

from contracts.content_types import sniff

ID3, ID3_HEAD, ID3_FOOTER = b"ID3", 10, 0x10
ID3V1, ID3V1_BYTES = b"TAG", 128
APE, APE_FOOT, APE_HAS_HEAD = b"APETAGEX", 32, 1 << 31
MAX_TAGS = 8
"""Each costs a request to the store."""
TAGGED = frozenset({"audio/aac", "audio/aiff", "audio/flac", "audio/wav"})
"""Sounds that some programs put behind ID3 tags; all others behind them are MP3 or MP2."""


def tags_begin(data: bytes, least: int) -> int:
    """Return where the tags behind the frames begin."""
    end = len(data)
    if data[-ID3V1_BYTES:].startswith(ID3V1):
        end -= ID3V1_BYTES
    foot = data[max(least, end - APE_FOOT) : end]
    if foot.startswith(APE):
        has_head = int.from_bytes(foot[20:24], "little") & APE_HAS_HEAD
        end -= int.from_bytes(foot[12:16], "little") + (APE_FOOT if has_head else 0)
    return max(least, end)


def telling_head(read: Callable[[int], bytes]) -> bytes:
    """Return the bytes that tell the type of a file: its first, or those behind its ID3 tags.

    `read` returns the bytes from a place on that `sniff` needs; none behind the end of the file.
    """
    found = [head for _, head in begins(read)]
    return found[-1] if sniff(found[-1]) in TAGGED else found[0]


def tags_end(read: Callable[[int], bytes]) -> int:
    """Return the end of the ID3 tags at the begin. `read` returns at least the head of a tag."""
    return begins(read)[-1][0]


def begins(read: Callable[[int], bytes]) -> list[tuple[int, bytes]]:
    """Return place and first bytes of each ID3 tag at the begin, and of what follows them."""
    found = [(0, read(0))]
    while len(found) <= MAX_TAGS and (length := tag_bytes(found[-1][1])):
        at = found[-1][0] + length
        found.append((at, read(at)))
    return found


def tag_bytes(head: bytes) -> int:
    """Return the length of the ID3 tag that begins so, 0 if none does.

    Its bytes have seven bits (ID3v2.4.0, section 3.1).
    """
    if len(head) < ID3_HEAD or not head.startswith(ID3):
        return 0
    length = 0
    for byte in head[6:ID3_HEAD]:
        length = length << 7 | byte & 0x7F
    return ID3_HEAD + length + (ID3_HEAD if head[5] & ID3_FOOTER else 0)

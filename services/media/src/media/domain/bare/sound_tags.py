"""Finds tags around a sound: ID3v2 before it; ID3v1 and APE version 2 behind it.

FFmpeg would take those behind for a part of the sound.
"""

ID3, ID3_HEAD, ID3_FOOTER = b"ID3", 10, 0x10
ID3V1, ID3V1_BYTES = b"TAG", 128
APE, APE_FOOT, APE_HAS_HEAD = b"APETAGEX", 32, 1 << 31


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


def tags_end(data: bytes) -> int:
    """Return the end of the ID3 tags at the begin."""
    at = 0
    while length := tag_bytes(data[at : at + ID3_HEAD]):
        at += length
    return at


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

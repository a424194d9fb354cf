"""The size that a WebP tells in its first bytes (RFC 9649), before any decoder takes memory."""

HEAD_BYTES = 30


def size_of(head: bytes) -> tuple[int, int] | None:
    """Width and height in pixels; None if this is no beginning of a WebP."""
    if len(head) < HEAD_BYTES or head[:4] != b"RIFF" or head[8:12] != b"WEBP":
        return None
    match head[12:16]:
        case b"VP8X":
            return little(head[24:27]) + 1, little(head[27:30]) + 1
        case b"VP8L":
            bits = little(head[21:25])
            return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
        case b"VP8 ":
            return little(head[26:28]) & 0x3FFF, little(head[28:30]) & 0x3FFF
        case _:
            return None


def little(data: bytes) -> int:
    return int.from_bytes(data, "little")

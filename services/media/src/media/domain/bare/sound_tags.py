"""Finds tags behind a sound, which FFmpeg would take for a part of it: ID3v1, APE version 2."""

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

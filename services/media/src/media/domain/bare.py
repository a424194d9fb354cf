"""Pictures without what does not belong to the picture: text, EXIF, XMP, trailing bytes.

Lossless: the chunks that hold pixels, colours and frames are copied. ComfyUI writes prompt and
graph into text chunks of PNG and into EXIF of WebP. PNG: W3C PNG third edition, section 11;
WebP: RFC 9649, section 2; GIF: version 89a, sections 18 to 26.
"""

import zlib
from collections.abc import Callable, Iterator

from media.domain.glb import glb
from media.domain.jpeg import jpeg

PNG_HEAD = b"\x89PNG\r\n\x1a\n"
PNG_KEPT = frozenset(
    b"IHDR PLTE IDAT IEND tRNS cHRM gAMA iCCP sBIT sRGB cICP bKGD hIST pHYs sPLT "
    b"acTL fcTL fdAT".split()
)
PNG_OVERHEAD = 12
RIFF_HEAD, RIFF_CHUNK = 12, 8
WEBP_KEPT = frozenset({b"VP8 ", b"VP8L", b"VP8X", b"ALPH", b"ANIM", b"ANMF", b"ICCP"})
GIF_HEAD, GIF_PICTURE, GIF_CONTROL = 13, 0x2C, 0xF9
GIF_APPLICATIONS = frozenset({b"NETSCAPE2.0", b"ANIMEXTS1.0", b"ICCRGBG1012"})
WEBP_EXIF_XMP = 0b0000_1100
"""Bits of the first byte of VP8X that announce EXIF and XMP."""


def png(data: bytes) -> Iterator[bytes]:
    """Raises ValueError for what is not one whole PNG."""
    if data[: len(PNG_HEAD)] != PNG_HEAD:
        raise ValueError("no PNG")
    yield PNG_HEAD
    at = len(PNG_HEAD)
    while True:
        name = data[at + 4 : at + 8]
        end = at + PNG_OVERHEAD + int.from_bytes(data[at : at + 4], "big")
        if end > len(data) or not name:
            raise ValueError("a chunk is cut short")
        if name in PNG_KEPT:
            chunk = data[at:end]
            if zlib.crc32(chunk[4:-4]) != int.from_bytes(chunk[-4:], "big"):
                raise ValueError("a chunk is damaged")
            yield chunk
        if name == b"IEND":
            return
        at = end


def webp(data: bytes) -> Iterator[bytes]:
    """Raises ValueError for what is not one whole WebP."""
    if data[:4] != b"RIFF" or data[8:12] != b"WEBP":
        raise ValueError("no WebP")
    kept = list(webp_chunks(data, RIFF_CHUNK + int.from_bytes(data[4:8], "little")))
    size = RIFF_HEAD - RIFF_CHUNK + sum(map(len, kept))
    yield b"RIFF" + size.to_bytes(4, "little") + b"WEBP"
    yield from kept


def webp_chunks(data: bytes, end: int) -> Iterator[bytes]:
    if end > len(data):
        raise ValueError("the file is cut short")
    at = RIFF_HEAD
    while at < end:
        name = data[at : at + 4]
        size = int.from_bytes(data[at + 4 : at + 8], "little")
        after = at + RIFF_CHUNK + size + size % 2
        if after > end:
            raise ValueError("a chunk is cut short")
        if name == b"VP8X":
            flags = data[at + RIFF_CHUNK] & ~WEBP_EXIF_XMP
            yield data[at : at + RIFF_CHUNK] + bytes((flags,)) + data[at + RIFF_CHUNK + 1 : after]
        elif name in WEBP_KEPT:
            yield data[at:after]
        at = after


def gif(data: bytes) -> Iterator[bytes]:
    """Raises ValueError for what is not one whole GIF."""
    if data[:4] != b"GIF8" or len(data) < GIF_HEAD:
        raise ValueError("no GIF")
    at = GIF_HEAD + colours_bytes(data[10])
    if at > len(data):
        raise ValueError("the colours are cut short")
    yield data[:at]
    while True:
        match data[at : at + 1]:
            case b"\x2c":
                place = at + 10
                end = gif_end(data, place + colours_bytes(data[place - 1 : place]) + 1)
            case b"\x21":
                end = gif_end(data, at + 2)
            case b"\x3b" | b"":  # many encoders leave the trailer out
                yield b"\x3b"
                return
            case _:
                raise ValueError("a block is cut short")
        if data[at] == GIF_PICTURE or is_kept(data[at:end]):
            yield data[at:end]
        at = end


def is_kept(extension: bytes) -> bool:
    """Say whether an extension tells how frames are shown."""
    return extension[1] == GIF_CONTROL or extension[3:14] in GIF_APPLICATIONS


def colours_bytes(flags: bytes | int) -> int:
    """Size of the colour table that a byte of flags announces."""
    value = flags if isinstance(flags, int) else int.from_bytes(flags, "big")
    return 3 * 2 ** ((value & 7) + 1) if value & 0x80 else 0


def gif_end(data: bytes, at: int) -> int:
    """Where a chain of sub-blocks ends that begins at `at`."""
    while size := data[at : at + 1]:
        at += 1 + size[0]
        if size == b"\0":
            return at
    raise ValueError("a block is cut short")


STRIPPED: dict[str, Callable[[bytes], Iterator[bytes]]] = {
    "image/png": png,
    "image/jpeg": jpeg,
    "image/webp": webp,
    "image/gif": gif,
    "model/gltf-binary": glb,
}
"""How each type is made bare without decoding; each raises ValueError for what is damaged."""

ISO = "mov"
REMUXED: dict[str, tuple[str, str]] = {
    "video/mp4": (ISO, "mp4"),
    "video/quicktime": (ISO, "mov"),
    "video/webm": ("matroska", "webm"),
    "video/x-matroska": ("matroska", "matroska"),
    "video/x-msvideo": ("avi", "avi"),
    "audio/mp4": (ISO, "ipod"),
    "audio/ogg": ("ogg", "ogg"),
    "audio/flac": ("flac", "flac"),
    "audio/mpeg": ("mp3", "mp3"),
    "audio/aac": ("aac", "adts"),
    "audio/wav": ("wav", "wav"),
}
"""Types made bare by copying their packets: FFmpeg's names of what reads and what writes them."""

CAN_BE_BARE = STRIPPED.keys() | REMUXED.keys()

"""Inspects files by their content, and shrinks previews. In threads: hashing takes time."""

import asyncio
import codecs
import io
from typing import IO

from blake3 import blake3
from PIL import Image, UnidentifiedImageError

from node_agent.ports import FileInfo

MAX_PREVIEW_PIXELS = 4_096 * 4_096
SMALLER = ((512, 80), (384, 70), (256, 60), (128, 50))
"""Longest side and JPEG quality, tried in turn."""
UNKNOWN = "application/octet-stream"
CHUNK = 1024 * 1024
MAGIC = (
    (b"\x1a\x45\xdf\xa3", 0, "video/webm"),
    (b"ftyp", 4, "video/mp4"),
    (b"fLaC", 0, "audio/flac"),
    (b"OggS", 0, "audio/ogg"),
    (b"ID3", 0, "audio/mpeg"),
    (b"\xff\xfb", 0, "audio/mpeg"),
    (b"WAVE", 8, "audio/wav"),
    (b"AVI ", 8, "video/x-msvideo"),
    (b"glTF", 0, "model/gltf-binary"),
    (b"PK\x03\x04", 0, "application/zip"),
)
NOT_A_PICTURE = (UnidentifiedImageError, OSError, ValueError, SyntaxError, EOFError)

# Only headers are read here, and `shrink` has a limit of its own.
Image.MAX_IMAGE_PIXELS = None


class LocalFiles:
    """Reads what the agent holds for a moment."""

    async def inspect(self, file: IO[bytes]) -> FileInfo:
        return await asyncio.to_thread(inspect, file)

    async def shrink(self, image: bytes, most_bytes: int) -> bytes | None:
        return await asyncio.to_thread(shrink, image, most_bytes)


def inspect(file: IO[bytes]) -> FileInfo:
    content_type, width, height = picture(file) or (by_magic(file), None, None)
    digest = blake3(max_threads=1)
    file.seek(0)
    while chunk := file.read(CHUNK):
        digest.update(chunk)
    return FileInfo(
        content_type=content_type,
        size_bytes=file.tell(),
        blake3=digest.hexdigest(),
        width=width,
        height=height,
    )


def picture(file: IO[bytes]) -> tuple[str, int, int] | None:
    file.seek(0)
    try:
        with Image.open(file) as image:
            return Image.MIME.get(image.format or "", UNKNOWN), image.width, image.height
    except NOT_A_PICTURE:
        return None


def by_magic(file: IO[bytes]) -> str:
    file.seek(0)
    head = file.read(4_096)
    for mark, offset, content_type in MAGIC:
        if head[offset : offset + len(mark)] == mark:
            return content_type
    return "text/plain" if is_text(head) else UNKNOWN


def is_text(head: bytes) -> bool:
    """Judges a beginning, so the last character may be cut off."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        decoder.decode(head)
    except UnicodeDecodeError:
        return False
    return bool(head) and b"\0" not in head


def shrink(data: bytes, most_bytes: int) -> bytes | None:
    try:
        with Image.open(io.BytesIO(data), formats=["JPEG", "PNG"]) as image:
            if image.width * image.height > MAX_PREVIEW_PIXELS:
                return None
            small = image.convert("RGB")
    except NOT_A_PICTURE:
        return None
    for side, quality in SMALLER:
        small.thumbnail((side, side))
        target = io.BytesIO()
        small.save(target, "JPEG", quality=quality)
        if target.tell() <= most_bytes:
            return target.getvalue()
    return None

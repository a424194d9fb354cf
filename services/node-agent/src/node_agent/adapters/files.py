"""What a file is, by its content; and smaller previews. In threads: hashing takes time."""

import asyncio
import codecs
import io
from pathlib import Path

from blake3 import blake3
from PIL import Image, UnidentifiedImageError

from node_agent.ports import Facts

MOST_PREVIEW_PIXELS = 4_096 * 4_096
SMALLER = ((512, 80), (384, 70), (256, 60), (128, 50))
"""Longest side and JPEG quality, tried in turn."""
UNKNOWN = "application/octet-stream"
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
    """Reads the agent's temporary files."""

    async def write(self, path: Path, text: str) -> None:
        await asyncio.to_thread(path.write_text, text, encoding="utf-8")

    async def inspect(self, path: Path) -> Facts:
        return await asyncio.to_thread(inspect, path)

    async def shrink(self, image: bytes, most_bytes: int) -> bytes | None:
        return await asyncio.to_thread(shrink, image, most_bytes)


def inspect(path: Path) -> Facts:
    content_type, width, height = picture(path) or (by_magic(path), None, None)
    return Facts(
        content_type=content_type,
        size_bytes=path.stat().st_size,
        blake3=blake3(max_threads=1).update_mmap(path).hexdigest(),
        width=width,
        height=height,
    )


def picture(path: Path) -> tuple[str, int, int] | None:
    try:
        with Image.open(path) as image:
            return Image.MIME.get(image.format or "", UNKNOWN), image.width, image.height
    except NOT_A_PICTURE:
        return None


def by_magic(path: Path) -> str:
    with path.open("rb") as file:
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
            if image.width * image.height > MOST_PREVIEW_PIXELS:
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

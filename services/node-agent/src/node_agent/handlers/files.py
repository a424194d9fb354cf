"""Writes files, inspects what the agent holds temporarily, and shrinks previews.

Inspecting and shrinking take time: call them in threads.
"""

import codecs
import io
from collections.abc import AsyncIterable
from dataclasses import dataclass
from typing import IO

from blake3 import blake3
from PIL import Image, UnidentifiedImageError

from contracts.content_types import OCTETS, TEXT, sniff
from contracts.errors import OperationError
from node_agent.ports import NoSpaceError

MAX_PREVIEW_PIXELS = 4_096 * 4_096
SMALLER = ((512, 80), (384, 70), (256, 60), (128, 50))
"""Longest side and JPEG quality, tried in turn."""
CHUNK = 1024 * 1024
NOT_A_PICTURE = (UnidentifiedImageError, OSError, ValueError, SyntaxError, EOFError)

# Pillow's own limit: only headers are read here, and `shrink` has its own limit.
Image.MAX_IMAGE_PIXELS = None


@dataclass(frozen=True, slots=True)
class FileInfo:
    """Type, size and digest of a file, read from its content."""

    content_type: str
    size_bytes: int
    blake3: str
    width: int | None
    height: int | None


async def write_all(
    chunks: AsyncIterable[bytes], target: IO[bytes], most_bytes: int, too_big: OperationError
) -> None:
    """Write from the target's beginning. Raises `too_big`, NoSpaceError."""
    size_bytes = 0
    try:
        target.seek(0)
        target.truncate()
        async for chunk in chunks:
            size_bytes += len(chunk)
            if size_bytes > most_bytes:
                raise too_big
            target.write(chunk)
        target.flush()
    except OSError as error:
        raise NoSpaceError(f"No space left for a file: {error.strerror}.") from error


def inspect(file: IO[bytes], declared_type: str | None) -> FileInfo:
    """Read the file; a declared type counts more than the content."""
    content_type, width, height = picture(file) or (by_head(file), None, None)
    digest = blake3(max_threads=1)
    file.seek(0)
    while chunk := file.read(CHUNK):
        digest.update(chunk)
    return FileInfo(
        content_type=declared_type or content_type,
        size_bytes=file.tell(),
        blake3=digest.hexdigest(),
        width=width,
        height=height,
    )


def picture(file: IO[bytes]) -> tuple[str, int, int] | None:
    file.seek(0)
    try:
        with Image.open(file) as image:
            return Image.MIME.get(image.format or "", OCTETS), image.width, image.height
    except NOT_A_PICTURE:
        return None


def by_head(file: IO[bytes]) -> str:
    file.seek(0)
    head = file.read(4_096)
    content_type = sniff(head)
    if content_type and not content_type.startswith("image/"):
        return content_type
    return TEXT if is_text(head) else OCTETS


def is_text(head: bytes) -> bool:
    """Return whether the bytes are UTF-8; a cut last character is allowed."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        decoder.decode(head)
    except UnicodeDecodeError:
        return False
    return bool(head) and b"\0" not in head


def shrink(data: bytes, max_bytes: int) -> bytes | None:
    """Return the picture as a smaller JPEG; None if it is not a picture."""
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
        if target.tell() <= max_bytes:
            return target.getvalue()
    return None

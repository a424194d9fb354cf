"""Makes previews: WebP thumbnails, and a placeholder of a hundred bytes to show before them."""

import io
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from PIL import Image

from contracts.content_types import sniff
from media.adapters.sandbox import decoder, mask
from media.adapters.sandbox.source import digest_of, head_of
from media.domain.bare import EXR, REMUXED
from media.domain.inspection import (
    SIZES,
    BlobPreview,
    Bounds,
    FileRefusedError,
    Thumbnail,
    sizes_for,
)
from media.domain.kinds import RASTER

WEBP = "image/webp"
PLACEHOLDER_PIXELS = 16
QUALITY, PLACEHOLDER_QUALITY = 80, 20
EFFORT = 2
"""Of 6: higher ones take several times as long and save a few per cent."""


def make_preview(source: Path, folder: Path, bounds: Bounds) -> BlobPreview:
    """Measure `source` and write thumbnails of its first frame into `folder`."""
    content_type = sniff(head_of(source))
    if content_type in REMUXED:
        preview = preview_video(source, folder, content_type, bounds)
    elif content_type == EXR:
        shown = preview_video(source, folder, content_type, bounds)
        preview = replace(shown, duration_seconds=None, frames_per_second=None)
    elif content_type in RASTER:
        preview = preview_picture(source, folder, content_type, bounds)
    else:
        raise FileRefusedError("wrong_content", "The file is not a picture.")
    return replace(preview, source_digest=digest_of(source))


def preview_picture(source: Path, folder: Path, content_type: str, bounds: Bounds) -> BlobPreview:
    picture = decoder.open_picture(source, content_type, bounds)
    width, height = picture.size
    frames = getattr(picture, "n_frames", 1)
    if content_type == "image/jpeg":
        # The decoder scales by powers of two itself: a tenth of the time and memory.
        picture.draft(None, (2 * SIZES[-1], 2 * SIZES[-1]))
    picture.load()
    upright = decoder.upright_srgb(picture, tagged=picture)
    if (picture.width < picture.height) != (upright.width < upright.height):
        width, height = height, width
    preview = BlobPreview(frames, width, height)
    return with_thumbnails(preview, mask.shown(upright), folder, sizes_for(width, height))


def preview_video(source: Path, folder: Path, content_type: str, bounds: Bounds) -> BlobPreview:
    from media.adapters.sandbox import video  # noqa: PLC0415  takes time that pictures do not need

    preview, frame = video.measure(source, content_type, bounds)
    if frame is None:
        return preview
    shown = video.poster(frame, SIZES[-1])
    return with_thumbnails(preview, shown, folder, sizes_for(frame.width, frame.height))


def with_thumbnails(
    preview: BlobPreview, picture: Image.Image, folder: Path, sizes: list[int]
) -> BlobPreview:
    thumbnails = tuple(write_thumbnails(picture, folder, sizes))
    return replace(preview, thumbnails=thumbnails, placeholder=placeholder(picture))


def write_thumbnails(picture: Image.Image, folder: Path, sizes: list[int]) -> Iterator[Thumbnail]:
    """Write the largest first, and make each from the next larger one."""
    for size in reversed(sizes):
        picture = scaled(picture, size)
        file = folder / f"{size}.webp"
        picture.save(file, "WEBP", quality=QUALITY, method=EFFORT)
        yield Thumbnail(size, WEBP, file.stat().st_size, digest_of(file))


def scaled(picture: Image.Image, size: int) -> Image.Image:
    """Scale in place if it gets smaller: a copy would take a large picture's memory again."""
    small = picture.copy() if max(picture.size) <= size else picture
    small.thumbnail((size, size), Image.Resampling.LANCZOS, reducing_gap=2.0)
    small.info = {}
    return small


def placeholder(picture: Image.Image) -> str:
    data = io.BytesIO()
    small = scaled(picture, PLACEHOLDER_PIXELS)
    small.save(data, "WEBP", quality=PLACEHOLDER_QUALITY, method=EFFORT)
    return f"data:{WEBP};base64,{b64encode(data.getvalue()).decode()}"

"""Thumbnails in WebP, and a placeholder of a hundred bytes to show before them."""

# Pillow leaves out the types of some parameters.
# pyright: reportUnknownMemberType=false

import io
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path

from PIL import Image

from media.adapters.pixels import colours, decode
from media.adapters.pixels.contents import digest_of, head_type
from media.domain.bare import REMUXED
from media.domain.inspection import SIZES, Bounds, Look, RefusedError, Shrunk, sizes_for
from media.domain.sniff import RASTER

WEBP = "image/webp"
PLACEHOLDER = 16
QUALITY, ROUGH = 80, 20
EFFORT = 2
"""Of 6: higher ones take several times as long and save a few per cent."""


def look(source: Path, folder: Path, bounds: Bounds) -> Look:
    """Shrink the first frame of a picture or a video into `folder`."""
    content_type = head_type(source)
    if content_type in REMUXED:
        return look_at_film(source, folder, content_type, bounds)
    if content_type not in RASTER:
        raise RefusedError("wrong_content", "The file is not a picture.")
    picture = decode.open_picture(source, content_type, bounds)
    width, height = picture.size
    frames = getattr(picture, "n_frames", 1)
    if content_type == "image/jpeg":
        # The decoder shrinks by itself, by powers of two: a tenth of the time and memory.
        picture.draft(None, (2 * SIZES[-1], 2 * SIZES[-1]))
    picture.load()
    shown = colours.to_srgb(picture, picture.info.get("icc_profile"))
    shown = decode.upright(decode.plain(shown), decode.orientation(picture))
    made = tuple(shrink(shown, folder, sizes_for(width, height)))
    return Look(
        digest_of(source), frames, width, height, placeholder=placeholder(shown), thumbnails=made
    )


def look_at_film(source: Path, folder: Path, content_type: str, bounds: Bounds) -> Look:
    from media.adapters.pixels import film  # noqa: PLC0415  costs other files time

    found, frame = film.measure(source, content_type, bounds)
    look = Look(digest_of(source), **asdict(found))
    if frame is None:
        return look
    shown = film.poster(frame, SIZES[-1])
    made = tuple(shrink(shown, folder, sizes_for(frame.width, frame.height)))
    return replace(look, placeholder=placeholder(shown), thumbnails=made)


def shrink(picture: Image.Image, folder: Path, sizes: list[int]) -> Iterator[Shrunk]:
    """Each from the next larger one."""
    for size in reversed(sizes):
        picture = shrunk(picture, size)
        file = folder / f"{size}.webp"
        picture.save(file, "WEBP", quality=QUALITY, method=EFFORT)
        yield Shrunk(size, file.name, WEBP, file.stat().st_size, digest_of(file))


def shrunk(picture: Image.Image, size: int) -> Image.Image:
    """In place where it gets smaller: a copy would cost a large picture's memory again."""
    small = picture.copy() if max(picture.size) <= size else picture
    small.thumbnail((size, size), Image.Resampling.LANCZOS, reducing_gap=2.0)
    small.info = {}
    return small


def placeholder(picture: Image.Image) -> str:
    data = io.BytesIO()
    shrunk(picture, PLACEHOLDER).save(data, "WEBP", quality=ROUGH, method=EFFORT)
    return f"data:{WEBP};base64,{b64encode(data.getvalue()).decode()}"

"""Inspects an uploaded file and writes it in the form in which media keeps it."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image, ImageFile

from media.adapters.sandbox import decoder
from media.adapters.sandbox.mask import blank, for_every_loader, make_mask, taken_from
from media.adapters.sandbox.metadata import inspected, write_bare
from media.adapters.sandbox.source import content_type_of
from media.domain.bare import exif
from media.domain.inspection import Bounds, FileRefusedError, InspectedFile

if TYPE_CHECKING:
    from contracts.media.files import MaskOptions  # with Pydantic, which a worker does not load

PNG, JPEG = "image/png", "image/jpeg"
COMPRESSION = 3
"""zlib level: 6 takes 2.5 to 3 times as long and saves 0 to 8 % (measured, 6 megapixels)."""


def inspect(
    source: Path,
    target: Path,
    kind: str,
    bounds: Bounds,
    mask: "MaskOptions",
    mask_size: tuple[int, int] | None,
) -> InspectedFile:
    """Check `source`, and write `target` if the file is kept in another form."""
    content_type = content_type_of(source, kind)
    match kind:
        case "mask":
            kept = keep_mask(source, target, content_type, bounds, mask, mask_size)
        case "image":
            kept = keep_image(source, target, content_type, bounds)
        case "video" | "audio":
            kept = keep_video(source, target, kind, content_type, bounds)
        case _:
            kept = inspected(source, content_type, is_changed=False)
    return replace(kept, source_content_type=content_type, source_size_bytes=source.stat().st_size)


def keep_image(source: Path, target: Path, content_type: str, bounds: Bounds) -> InspectedFile:
    """Keep the type of animations and upright JPEGs; write all other pictures as PNG."""
    picture = decoder.open_picture(source, content_type, bounds)
    if content_type in decoder.ANIMATED and decoder.check_frames(picture, bounds) > 1:
        return keep_animation(picture, source, target, content_type, bounds)
    if content_type == JPEG:
        return keep_jpeg(picture, source, target, bounds)
    decoder.check_pages(picture, bounds)
    picture.load()
    return save(decoder.upright_srgb(picture, picture), target)


def keep_animation(
    picture: ImageFile.ImageFile, source: Path, target: Path, content_type: str, bounds: Bounds
) -> InspectedFile:
    if content_type == decoder.AVIF:  # not every ComfyUI reads it
        text = "An animation must be GIF, WebP or APNG."
        raise FileRefusedError("unsupported_animation", text)
    write_bare(source, target, content_type, bounds)
    is_sideways = exif.orientation(picture.info.get("exif", b"")) in exif.SIDEWAYS
    width, height = picture.size
    size = (height, width) if is_sideways else (width, height)
    return inspected(target, content_type, is_changed=True, size=size)


def keep_jpeg(
    original: ImageFile.ImageFile, source: Path, target: Path, bounds: Bounds
) -> InspectedFile:
    """Decode the bare file, since that is the one to keep and must be whole."""
    write_bare(source, target, JPEG, bounds)
    picture = decoder.open_picture(target, JPEG, bounds)
    picture.load()
    kept = decoder.upright_srgb(picture, original)
    if kept is picture and picture.mode == "RGB":
        return inspected(target, JPEG, is_changed=True, size=picture.size)
    return save(kept, target)


def keep_video(
    source: Path, target: Path, kind: str, content_type: str, bounds: Bounds
) -> InspectedFile:
    """Keep the first picture track and the first sound track, and measure the file kept."""
    from media.adapters.sandbox import video  # noqa: PLC0415  takes time that pictures do not need

    write_bare(source, target, content_type, bounds)
    measured, _ = video.measure(target, content_type, bounds)
    if kind == "video" and measured.width is None:
        raise FileRefusedError("wrong_content", "There is no moving picture in the file.")
    if kind == "audio" and measured.width is not None:
        raise FileRefusedError("wrong_content", "There is a moving picture in the file.")
    return replace(
        inspected(target, content_type, is_changed=True),
        width=measured.width,
        height=measured.height,
        duration_seconds=measured.duration_seconds,
        frames_per_second=measured.frames_per_second,
    )


def keep_mask(
    source: Path,
    target: Path,
    content_type: str,
    bounds: Bounds,
    options: "MaskOptions",
    size: tuple[int, int] | None,
) -> InspectedFile:
    picture = decoder.open_picture(source, content_type, bounds)
    if content_type in decoder.ANIMATED and getattr(picture, "n_frames", 1) > 1:
        raise FileRefusedError("animated_mask", "A mask cannot be an animation.")
    picture.load()
    upright = decoder.upright(decoder.plain(picture), decoder.orientation(picture))
    mask, channel = make_mask(upright, options, size), taken_from(upright, options)
    del picture, upright  # a worker has memory for two large pictures
    kept = save(for_every_loader(mask), target)
    return replace(kept, channel=channel, blank=blank(mask))


def save(picture: Image.Image, target: Path) -> InspectedFile:
    picture.info = {}  # or the encoder would write the profiles of the original
    picture.save(target, "PNG", compress_level=COMPRESSION)
    return inspected(target, PNG, is_changed=True, size=picture.size)

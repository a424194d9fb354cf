"""One file from what came to what is kept."""

from dataclasses import replace
from pathlib import Path

from PIL import Image, ImageFile

from media.adapters.pixels import colours, decode
from media.adapters.pixels.contents import content_type_of
from media.adapters.pixels.mask import blank, make_mask, taken_from
from media.adapters.pixels.stripping import finding, write_bare
from media.domain.bare import STRIPPED
from media.domain.inspection import Bounds, Finding, MaskOrder, RefusedError

PNG, JPEG = "image/png", "image/jpeg"
COMPRESSION = 3
"""zlib level: 6 takes 2.5 to 3 times as long and saves 0 to 8 % (measured, 6 megapixels)."""


def inspect(source: Path, target: Path, kind: str, mask: MaskOrder, bounds: Bounds) -> Finding:
    """Say what to keep and what came; it is in `target` if that differs from `source`."""
    content_type = content_type_of(source, kind)
    kept = keep(source, target, kind, content_type, mask, bounds)
    return replace(kept, source_content_type=content_type, source_size_bytes=source.stat().st_size)


def keep(
    source: Path, target: Path, kind: str, content_type: str, mask: MaskOrder, bounds: Bounds
) -> Finding:
    if kind == "mask":
        return keep_mask(source, target, content_type, mask, bounds)
    if kind == "image":
        return keep_image(source, target, content_type, bounds)
    if kind in ("video", "audio"):
        return keep_film(source, target, kind, content_type, bounds)
    return finding(source, content_type, is_changed=False)


def keep_image(source: Path, target: Path, content_type: str, bounds: Bounds) -> Finding:
    """Keep animations and upright JPEGs of the same pixels, all else as PNG."""
    picture = decode.open_picture(source, content_type, bounds)
    if content_type in decode.ANIMATED and decode.check_frames(picture, bounds) > 1:
        return keep_animation(picture, source, target, content_type)
    if content_type == JPEG:
        return keep_jpeg(picture, source, target, bounds)
    picture.load()
    return save(standing(picture, picture), target)


def keep_animation(
    picture: ImageFile.ImageFile, source: Path, target: Path, content_type: str
) -> Finding:
    if content_type not in STRIPPED:
        text = "An animation must be GIF, WebP or APNG."
        raise RefusedError("unsupported_animation", text)
    write_bare(source, target, content_type)
    return finding(target, content_type, is_changed=True, size=picture.size)


def keep_jpeg(original: ImageFile.ImageFile, source: Path, target: Path, bounds: Bounds) -> Finding:
    """Decode what will be kept, not what came: only that shows that it is whole."""
    write_bare(source, target, JPEG)
    picture = decode.open_picture(target, JPEG, bounds)
    picture.load()
    kept = standing(picture, original)
    if kept is picture and picture.mode in ("L", "RGB"):
        return finding(target, JPEG, is_changed=True, size=picture.size)
    return save(kept, target)


def keep_film(source: Path, target: Path, kind: str, content_type: str, bounds: Bounds) -> Finding:
    """Keep what is seen and heard, and that only; what is kept is what gets measured."""
    from media.adapters.pixels import film  # noqa: PLC0415  costs other files time

    film.remux(source, target, content_type, bounds)
    found, _ = film.measure(target, content_type, bounds)
    if kind == "video" and found.width is None:
        raise RefusedError("wrong_content", "There is no moving picture in the file.")
    size = (found.width, found.height) if found.width and found.height else None
    kept = finding(target, content_type, is_changed=True, size=size)
    return replace(
        kept,
        duration_seconds=found.duration_seconds,
        frames_per_second=found.frames_per_second,
    )


def keep_mask(
    source: Path, target: Path, content_type: str, order: MaskOrder, bounds: Bounds
) -> Finding:
    picture = decode.open_picture(source, content_type, bounds)
    if content_type in decode.ANIMATED and getattr(picture, "n_frames", 1) > 1:
        raise RefusedError("animated_mask", "A mask cannot be an animation.")
    picture.load()
    upright = decode.upright(decode.plain(picture), decode.orientation(picture))
    mask = make_mask(upright, order)
    channel = taken_from(upright, order)
    return replace(save(mask, target), channel=channel, blank=blank(mask))


def standing(picture: ImageFile.ImageFile, told: ImageFile.ImageFile) -> Image.Image:
    """The loaded picture as `told` says it is to be shown: in sRGB, plain, upright."""
    shown = colours.to_srgb(picture, told.info.get("icc_profile"))
    return decode.upright(decode.plain(shown), decode.orientation(told))


def save(picture: Image.Image, target: Path) -> Finding:
    picture.info = {}  # or the encoder would write profiles that came with the picture
    picture.save(target, "PNG", compress_level=COMPRESSION)
    return finding(target, PNG, is_changed=True, size=picture.size)

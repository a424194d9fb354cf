"""One file from what came to what is kept."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from PIL import Image, ImageFile

from media.adapters.pixels import colours, decode
from media.adapters.pixels.contents import content_type_of, digest_of, head_type
from media.adapters.pixels.mask import blank, make_mask, taken_from
from media.domain import bare, jpeg
from media.domain.inspection import Bounds, Finding, MaskOrder, RefusedError

PNG, JPEG = "image/png", "image/jpeg"
COMPRESSION = 3
"""zlib level: 6 takes 2.5 to 3 times as long and saves 0 to 8 % (measured, 6 megapixels)."""
BARE: dict[str, Callable[[bytes], Iterator[bytes]]] = {
    **bare.STRIPPED,
    JPEG: lambda data: iter((jpeg.strip(data),)),
}


def inspect(source: Path, target: Path, kind: str, mask: MaskOrder, bounds: Bounds) -> Finding:
    """Say what to keep and what came; it is in `target` if that differs from `source`."""
    content_type = content_type_of(source, kind)
    kept = keep(source, target, kind, content_type, mask, bounds)
    return replace(kept, source_type=content_type, source_bytes=source.stat().st_size)


def keep(
    source: Path, target: Path, kind: str, content_type: str, mask: MaskOrder, bounds: Bounds
) -> Finding:
    if kind == "mask":
        return keep_mask(source, target, content_type, mask, bounds)
    if kind == "image":
        return keep_image(source, target, content_type, bounds)
    return finding(source, content_type, is_changed=False)


def strip(source: Path, target: Path) -> Finding:
    """Write a result to `target` without prompt, graph and all else that is not picture."""
    content_type = head_type(source) or ""
    if content_type not in BARE:
        raise RefusedError("wrong_content", "The file is of a type that cannot be made bare.")
    write_bare(source, target, content_type)
    return finding(target, content_type, is_changed=True)


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
    if content_type in BARE:
        write_bare(source, target, content_type)
        return finding(target, content_type, is_changed=True, size=picture.size)
    return finding(source, content_type, is_changed=False, size=picture.size)


def keep_jpeg(original: ImageFile.ImageFile, source: Path, target: Path, bounds: Bounds) -> Finding:
    """Decode what will be kept, not what came: only that shows that it is whole."""
    write_bare(source, target, JPEG)
    picture = decode.open_picture(target, JPEG, bounds)
    picture.load()
    kept = standing(picture, original)
    if kept is picture and picture.mode in ("L", "RGB"):
        return finding(target, JPEG, is_changed=True, size=picture.size)
    return save(kept, target)


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


def write_bare(source: Path, target: Path, content_type: str) -> None:
    try:
        with target.open("wb") as kept:
            kept.writelines(BARE[content_type](source.read_bytes()))
    except ValueError as error:
        raise RefusedError("unreadable", f"The picture is damaged: {error}.") from error


def save(picture: Image.Image, target: Path) -> Finding:
    picture.info = {}  # or the encoder would write profiles that came with the picture
    picture.save(target, "PNG", compress_level=COMPRESSION)
    return finding(target, PNG, is_changed=True, size=picture.size)


def finding(
    file: Path, content_type: str, *, is_changed: bool, size: tuple[int, int] | None = None
) -> Finding:
    width, height = size or (None, None)
    digest = digest_of(file)
    return Finding(content_type, file.stat().st_size, digest, is_changed, width, height)

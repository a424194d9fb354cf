"""Decodes pictures into upright 8-bit pixels, as ComfyUI's LoadImage would see them.

Orientation is applied, 16 and 32 bits are cut to their high byte; gray, palettes and CMYK become
RGB. LoadImage ignores color profiles, so `colors` applies them before.
"""

# Pillow leaves out the types of some parameters.
# pyright: reportUnknownMemberType=false

import struct
import warnings
from importlib import import_module
from pathlib import Path
from typing import Any

from PIL import Image, ImageFile

from media.adapters.sandbox.colors import to_srgb
from media.adapters.sandbox.png_text import allow_large_metadata
from media.domain.bare import webp
from media.domain.inspection import (
    Bounds,
    FileRefusedError,
    TooLargeForSharedWorkerError,
    too_many_pixels,
)

# Importing a plugin registers it. Only these and the two of `load_decoder` are ever loaded.
for name in ("Bmp", "Gif", "Jpeg", "Png", "Tiff", "WebP"):
    import_module(f"PIL.{name}ImagePlugin")
allow_large_metadata()
AVIF, HEIC, WEBP = "image/avif", "image/heic", "image/webp"
TIFF = "TIFF"
"""Pillow's name of it."""
FORMATS = {HEIC: "HEIF"}
ANIMATED = ("image/gif", WEBP, "image/png", AVIF)
MAX_WEBP_PIXELS = 25_000_000
"""The decoder takes 12 bytes a pixel, with two canvases, of a worker's 480 MiB (measured)."""
ORIENTATION = 0x0112
SAMPLE_FORMAT, UNSIGNED = 0x0153, 1
"""TIFF 6.0, section 19."""
STRIP_ROWS = 64
TO_UPRIGHT: dict[int, Image.Transpose] = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def open_picture(source: Path, content_type: str, bounds: Bounds) -> ImageFile.ImageFile:
    """Read the header with the decoder of that type.

    Raises FileRefusedError, TooLargeForSharedWorkerError.
    """
    Image.MAX_IMAGE_PIXELS = bounds.max_pixels
    warnings.simplefilter("error", Image.DecompressionBombWarning)
    load_decoder(content_type)
    if content_type == WEBP:
        check_webp(source, bounds)
    form = FORMATS.get(content_type) or content_type.removeprefix("image/").upper()
    try:
        picture = Image.open(source, formats=[form])
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise too_many_pixels(bounds.max_pixels) from error
    check_shared(picture.size, bounds)
    return picture


def check_shared(size: tuple[int, int], bounds: Bounds) -> None:
    if bounds.max_shared_pixels is not None and size[0] * size[1] > bounds.max_shared_pixels:
        raise TooLargeForSharedWorkerError


def check_webp(source: Path, bounds: Bounds) -> None:
    """Check the size before the decoder, which allocates the whole picture when it opens."""
    with source.open("rb") as file:
        width, height = webp.size_of(file.read(webp.SIZE_BYTES)) or (0, 0)
    maximum = min(bounds.max_pixels, MAX_WEBP_PIXELS)
    if width * height > maximum:
        raise too_many_pixels(maximum)
    check_shared((width, height), bounds)


def load_decoder(content_type: str) -> None:
    """Load a decoder of a phone format, with one thread: each thread's stack takes memory."""
    if content_type == AVIF:
        from PIL import AvifImagePlugin  # noqa: PLC0415  costs other files time

        AvifImagePlugin.DEFAULT_MAX_THREADS = 1
    if content_type == HEIC:
        import pi_heif  # noqa: PLC0415  costs other files time

        pi_heif.register_heif_opener(thumbnails=False, decode_threads=1)


def check_frames(picture: ImageFile.ImageFile, bounds: Bounds) -> int:
    """Return the number of frames. Raises FileRefusedError unless each frame decodes."""
    frames, maximum = getattr(picture, "n_frames", 1), bounds.max_frames
    if frames > maximum:
        text = f"At most {maximum} frames are allowed."
        raise FileRefusedError("too_many_frames", text, maximum=maximum)
    if frames * picture.width * picture.height > bounds.max_pixels:
        raise too_many_pixels(bounds.max_pixels)
    for frame in range(frames):
        picture.seek(frame)
        picture.load()
    return frames


def check_pages(picture: ImageFile.ImageFile, bounds: Bounds) -> None:
    """Raise FileRefusedError if a TIFF has pages of one size, of which only one could be kept.

    A smaller one is a thumbnail, or a level of a pyramid.
    """
    pages = range(1, getattr(picture, "n_frames", 1)) if picture.format == TIFF else ()
    size = picture.size
    for page in pages[: bounds.max_frames]:
        picture.seek(page)
        if picture.size == size:
            text = "A picture must have one page: send each page by itself."
            raise FileRefusedError("unsupported_animation", text)
    if pages:
        picture.seek(0)


def orientation(picture: ImageFile.ImageFile) -> int:
    """Return the EXIF orientation of a loaded picture; damaged EXIF counts as none.

    The decoders of TIFF and HEIC turn the picture themselves.
    """
    try:
        found = picture.getexif().get(ORIENTATION, 1)
    except (OSError, ValueError, SyntaxError, LookupError, TypeError, struct.error):
        return 1
    return found if found in TO_UPRIGHT else 1


def upright(picture: Image.Image, turned: int) -> Image.Image:
    return picture.transpose(TO_UPRIGHT[turned]) if turned in TO_UPRIGHT else picture


def upright_srgb(picture: ImageFile.ImageFile, tagged: ImageFile.ImageFile) -> Image.Image:
    """Return the loaded picture upright, in sRGB, by profile and orientation of `tagged`."""
    converted = to_srgb(picture, tagged.info.get("icc_profile"))
    return upright(colored(plain(converted)), orientation(tagged))


def colored(picture: Image.Image) -> Image.Image:
    """Return plain gray as RGB: ComfyUI since 0.21 reads one gray channel as 255/256 of it."""
    return picture.convert("RGB") if picture.mode == "L" else picture


def plain(picture: Image.Image) -> Image.Image:
    """Convert any mode to L, RGB or RGBA."""
    if picture.mode == "F":
        raise FileRefusedError("unsupported_pixels", "Floating-point pixels are not supported.")
    if picture.mode == "I":
        return highest_bytes(picture)
    if picture.mode.startswith("I"):
        return high_bytes(picture)
    wanted = "L" if picture.mode in ("1", "L") else "RGB"
    wanted = "RGBA" if picture.has_transparency_data else wanted
    # Converting copies, and a worker has memory for two copies of a large picture, not three.
    return picture if picture.mode == wanted else picture.convert(wanted)


def high_bytes(picture: Image.Image) -> Image.Image:
    """Cut 16-bit gray to 8 bits, as decoders do with 16-bit color."""
    scaled = picture.convert("I").point(lambda value: value * (1 / 256))
    return scaled.convert("L")


def highest_bytes(picture: Image.Image) -> Image.Image:
    """Cut unsigned 32-bit gray to 8 bits, in strips, since a large picture fits only once."""
    tags: Any = getattr(picture, "tag_v2", {})
    if UNSIGNED not in tags.get(SAMPLE_FORMAT, (UNSIGNED,)):
        raise FileRefusedError("unsupported_pixels", "Signed pixels are not supported.")
    kept = Image.new("L", picture.size)
    for top in range(0, picture.height, STRIP_ROWS):
        strip = picture.crop((0, top, picture.width, min(top + STRIP_ROWS, picture.height)))
        highest = strip.tobytes("raw", "I;32S")[3::4]  # little-endian
        kept.paste(Image.frombytes("L", strip.size, highest), (0, top))
    return kept

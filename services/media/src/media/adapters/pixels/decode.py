"""Pictures as plain 8-bit pixels, the right way up.

What comes out is what ComfyUI's LoadImage would see: orientation applied, 16 bits cut to their
high byte, palettes and CMYK turned into RGB. Colour profiles, which it ignores, are applied
before (colours.py).
"""

# Pillow leaves out the types of some parameters.
# pyright: reportUnknownMemberType=false

import struct
import warnings
from pathlib import Path

from PIL import (
    BmpImagePlugin,
    GifImagePlugin,
    Image,
    ImageFile,
    JpegImagePlugin,
    PngImagePlugin,
    TiffImagePlugin,
    WebPImagePlugin,
)

from media.domain import webp
from media.domain.inspection import Bounds, NeedsRoomError, RefusedError, too_many_pixels

# Importing a plugin registers it; none but these and the two of `load_decoder` is ever loaded.
PLUGINS = (
    BmpImagePlugin,
    GifImagePlugin,
    JpegImagePlugin,
    PngImagePlugin,
    TiffImagePlugin,
    WebPImagePlugin,
)
AVIF, HEIC, WEBP = "image/avif", "image/heic", "image/webp"
FORMATS = {HEIC: "HEIF"}
ANIMATED = ("image/gif", WEBP, "image/png", AVIF)
MOST_WEBP_PIXELS = 25_000_000
"""The decoder keeps two canvases beside the picture: 12 bytes a pixel, of 480 MiB (measured)."""
ORIENTATION = 0x0112
UPRIGHT: dict[int, Image.Transpose] = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def open_picture(source: Path, content_type: str, bounds: Bounds) -> ImageFile.ImageFile:
    """Read the header with the one decoder that fits; refuse what is too large to decode."""
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
    check_room(picture.size, bounds)
    return picture


def check_room(size: tuple[int, int], bounds: Bounds) -> None:
    if bounds.room_pixels is not None and size[0] * size[1] > bounds.room_pixels:
        raise NeedsRoomError


def check_webp(source: Path, bounds: Bounds) -> None:
    """Its decoder takes memory for the whole picture when it opens, so the file is asked first."""
    with source.open("rb") as file:
        width, height = webp.size_of(file.read(webp.HEAD_BYTES)) or (0, 0)
    most = min(bounds.max_pixels, MOST_WEBP_PIXELS)
    if width * height > most:
        raise too_many_pixels(most)
    check_room((width, height), bounds)


def load_decoder(content_type: str) -> None:
    """Load what only phones send. One thread each: memory is bounded, and threads have stacks."""
    if content_type == AVIF:
        from PIL import AvifImagePlugin  # noqa: PLC0415  costs other files time

        AvifImagePlugin.DEFAULT_MAX_THREADS = 1
    if content_type == HEIC:
        import pi_heif  # noqa: PLC0415  costs other files time

        pi_heif.register_heif_opener(thumbnails=False, decode_threads=1)


def check_frames(picture: ImageFile.ImageFile, bounds: Bounds) -> int:
    """Count the frames; an animation must decode to its last one."""
    frames, most = getattr(picture, "n_frames", 1), bounds.max_frames
    if frames > most:
        raise RefusedError("too_many_frames", f"At most {most} frames are allowed.", maximum=most)
    if frames * picture.width * picture.height > bounds.max_pixels:
        raise too_many_pixels(bounds.max_pixels)
    for frame in range(frames):
        picture.seek(frame)
        picture.load()
    return frames


def orientation(picture: ImageFile.ImageFile) -> int:
    """How the camera was held, by EXIF; damaged EXIF says nothing. `picture` is loaded.

    A TIFF and a HEIC were already turned by their decoders.
    """
    try:
        found = picture.getexif().get(ORIENTATION, 1)
    except (OSError, ValueError, SyntaxError, LookupError, TypeError, struct.error):
        return 1
    return found if found in UPRIGHT else 1


def upright(picture: Image.Image, turned: int) -> Image.Image:
    return picture.transpose(UPRIGHT[turned]) if turned in UPRIGHT else picture


def plain(picture: Image.Image) -> Image.Image:
    """Turn any mode into L, RGB or RGBA."""
    if picture.mode == "F":
        raise RefusedError("unsupported_pixels", "Floating-point pixels are not supported.")
    if picture.mode.startswith("I"):
        return high_bytes(picture)
    wanted = "L" if picture.mode in ("1", "L") else "RGB"
    wanted = "RGBA" if picture.has_transparency_data else wanted
    # Converting copies, and a large picture fits but twice.
    return picture if picture.mode == wanted else picture.convert(wanted)


def high_bytes(picture: Image.Image) -> Image.Image:
    """Cut 16-bit grey to 8, as decoders do with 16-bit colour."""
    scaled = picture.convert("I").point(lambda value: value * (1 / 256))
    return scaled.convert("L")

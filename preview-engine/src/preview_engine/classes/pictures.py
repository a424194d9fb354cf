"""Operations on pictures that the classes share, rounded as ComfyUI rounds.

ComfyUI computes in float32 and cuts off at the end; Pillow computes in 8 bits. Results are exact
for nearest-exact, lanczos, inverting, cropping and pasting by a black-and-white mask. Elsewhere
they may differ by a few levels of 255.
"""

# Pillow's types name numpy, which it does not need; only this module meets those types.
# pyright: reportUnknownMemberType=false

import io
import struct
from functools import cache

from PIL import Image

MAX_PIXELS = 8192 * 8192
WITHOUT_ANTIALIAS = {
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
}
OTHER_METHODS = {
    "nearest-exact": Image.Resampling.NEAREST,
    "area": Image.Resampling.BOX,
    "lanczos": Image.Resampling.LANCZOS,
}


class PictureTooLargeError(MemoryError):
    """The picture is larger than this engine paints; a GPU server would run out of memory."""

    reported_type = "torch.OutOfMemoryError"


def new(mode: str, width: int, height: int, color: int | tuple[int, ...]) -> Image.Image:
    check_size(width, height)
    return Image.new(mode, (width, height), color)


def check_size(width: int, height: int) -> None:
    if width * height > MAX_PIXELS:
        raise PictureTooLargeError(f"Allocation of {width}x{height} pixels: out of memory")


def resize(picture: Image.Image, width: int, height: int, method: str) -> Image.Image:
    """Resize as torch's interpolate does: without antialiasing, except for area and lanczos."""
    check_size(width, height)
    size = (max(1, width), max(1, height))
    if size == picture.size:
        return picture
    if method in WITHOUT_ANTIALIAS:
        steps = (picture.width / size[0], 0, 0, 0, picture.height / size[1], 0)
        return picture.transform(size, Image.Transform.AFFINE, steps, WITHOUT_ANTIALIAS[method])
    return picture.resize(size, OTHER_METHODS.get(method, Image.Resampling.BICUBIC))


def fit(picture: Image.Image, width: int, height: int, method: str, crop: str) -> Image.Image:
    """Resize, after cutting the longer side to the new aspect ratio if `crop` is center."""
    if crop == "center":
        old, wanted = picture.width / picture.height, width / height
        x = round((picture.width - picture.width * (wanted / old)) / 2) if old > wanted else 0
        y = round((picture.height - picture.height * (old / wanted)) / 2) if old < wanted else 0
        picture = picture.crop((x, y, picture.width - x, picture.height - y))
    return resize(picture, width, height, method)


def shifted(picture: Image.Image, x: int, y: int, fill: int = 0) -> Image.Image:
    moved = Image.new(picture.mode, picture.size, fill)
    moved.paste(picture, (x, y))
    return moved


def with_alpha(picture: Image.Image, alpha: Image.Image) -> Image.Image:
    joined = picture.convert("RGBA")
    joined.putalpha(alpha)
    return joined


def encoded(picture: Image.Image, file_format: str, **options: int) -> bytes:
    target = io.BytesIO()
    picture.save(target, file_format, **options)
    return target.getvalue()


def mapped(picture: Image.Image, table: list[int], mode: str | None = None) -> Image.Image:
    """Replace every level by the table's entry."""
    return picture.point(table * len(picture.getbands()), mode)


def stretched(picture: Image.Image, width: int, height: int) -> Image.Image:
    return picture.resize((width, height), Image.Resampling.BILINEAR)


def inverted(picture: Image.Image) -> Image.Image:
    return mapped(picture, inversion())


@cache
def inversion() -> list[int]:
    """Compute 255 - v in float32, which for most v is just below the whole number."""
    return [int(_float32(255 * _float32(1 - _float32(v / 255)))) for v in range(256)]


def _float32(value: float) -> float:
    return struct.unpack("f", struct.pack("f", value))[0]

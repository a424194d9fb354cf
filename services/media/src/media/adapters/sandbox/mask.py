"""Makes masks, white where the picture is to be repainted, and the file that keeps them."""

# Pillow leaves out the types of some parameters.
# pyright: reportUnknownMemberType=false

from typing import TYPE_CHECKING

from PIL import Image, ImageChops, ImageFilter

from media.domain.inspection import FileRefusedError

if TYPE_CHECKING:
    from contracts.media.files import MaskOptions  # with Pydantic, which a worker does not load
    from contracts.values import Blank, Channel

BLACK, WHITE, OPAQUE = 0, 255, 255
REFUSED: dict["Blank", str] = {
    "empty": "The mask is all black: nothing would be repainted.",
    "full": "The mask is all white: everything would be repainted.",
}


def make_mask(
    picture: Image.Image, options: "MaskOptions", size: tuple[int, int] | None = None
) -> Image.Image:
    """Take the channel, invert, resize and feather, in this order. `picture` is plain."""
    mask = channel(picture, options)
    if options.invert:
        mask = ImageChops.invert(mask)
    if size and mask.size != size:
        how = Image.Resampling.BILINEAR if options.smooth else Image.Resampling.NEAREST
        mask = mask.resize(size, how)
    if options.feather:
        mask = mask.filter(ImageFilter.GaussianBlur(options.feather))
    if not options.allow_empty and (found := blank(mask)):
        raise FileRefusedError(f"{found}_mask", REFUSED[found])
    return mask


def for_every_loader(mask: Image.Image) -> Image.Image:
    """Return the mask in red, green and blue, and inverted as alpha.

    `LoadImageMask` takes a color or 1 - alpha, and the MASK of `LoadImage` is 1 - alpha. One gray
    channel would be all black by alpha, and white would be 255/256 in ComfyUI 0.21 and later.
    """
    return Image.merge("RGBA", (mask, mask, mask, ImageChops.invert(mask)))


def shown(picture: Image.Image) -> Image.Image:
    """Return a mask from `for_every_loader` black and white; any other picture as it is."""
    if picture.mode != "RGBA":
        return picture
    red, alpha = picture.getchannel("R"), ImageChops.invert(picture.getchannel("A"))
    others = (alpha, picture.getchannel("G"), picture.getchannel("B"))
    is_mask = all(ImageChops.difference(red, one).getbbox() is None for one in others)
    return red if is_mask else picture


def taken_from(picture: Image.Image, options: "MaskOptions") -> "Channel":
    """Return the channel to take.

    `auto` is alpha if anything is transparent, but luminance if all that is visible is white: a
    canvas on which somebody painted white, and white is to be repainted.
    """
    if options.channel != "auto":
        return options.channel
    return "alpha" if is_transparent(picture) and not is_white_paint(picture) else "luminance"


def is_white_paint(picture: Image.Image) -> bool:
    """Return whether something is visible, and all of it white."""
    visible = picture.getchannel("A").point(lambda alpha: WHITE if alpha else BLACK)
    shades = picture.convert("L").histogram(visible)
    return 0 < shades[WHITE] == sum(shades)


def channel(picture: Image.Image, options: "MaskOptions") -> Image.Image:
    """Take the channel. Transparent becomes white, as in ComfyUI (1 - alpha)."""
    taken = taken_from(picture, options)
    if taken == "luminance" and options.channel == "auto" and is_transparent(picture):
        return ImageChops.multiply(picture.convert("L"), picture.getchannel("A"))
    if taken == "alpha":
        if picture.mode != "RGBA":
            raise FileRefusedError("no_alpha", "The picture has no transparency to make a mask of.")
        return ImageChops.invert(picture.getchannel("A"))
    return picture.convert("L")


def is_transparent(picture: Image.Image) -> bool:
    return picture.mode == "RGBA" and count(picture.getchannel("A"), OPAQUE) < area(picture)


def blank(mask: Image.Image) -> "Blank | None":
    """Return whether the mask is all black (`empty`) or all white (`full`)."""
    if count(mask, BLACK) == area(mask):
        return "empty"
    return "full" if count(mask, WHITE) == area(mask) else None


def count(band: Image.Image, value: int) -> int:
    return band.histogram()[value]


def area(picture: Image.Image) -> int:
    return picture.width * picture.height

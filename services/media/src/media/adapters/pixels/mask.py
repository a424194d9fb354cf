"""Masks as every workflow gets them: one channel, white where the picture is to be repainted."""

# Pillow leaves out the types of some parameters.
# pyright: reportUnknownMemberType=false

from PIL import Image, ImageChops, ImageFilter

from media.domain.inspection import Blank, Channel, MaskOrder, RefusedError

BLACK, WHITE, OPAQUE = 0, 255, 255


def make_mask(picture: Image.Image, order: MaskOrder) -> Image.Image:
    """Channel, invert, resize, feather, in that order. `picture` is plain (see decode.py)."""
    mask = channel(picture, order)
    if order.invert:
        mask = ImageChops.invert(mask)
    if order.size and mask.size != order.size:
        how = Image.Resampling.BILINEAR if order.smooth else Image.Resampling.NEAREST
        mask = mask.resize(order.size, how)
    if order.feather:
        mask = mask.filter(ImageFilter.GaussianBlur(order.feather))
    if not order.allow_empty:
        refuse_blank(mask)
    return mask


def taken_from(picture: Image.Image, order: MaskOrder) -> Channel:
    """The channel that is the mask; `auto` is alpha if anything is transparent."""
    if order.channel == "auto":
        return "alpha" if is_transparent(picture) else "luminance"
    return order.channel


def channel(picture: Image.Image, order: MaskOrder) -> Image.Image:
    """Take the mask out of the picture. Transparent is white, as in ComfyUI (1 - alpha)."""
    if taken_from(picture, order) == "alpha":
        if picture.mode != "RGBA":
            raise RefusedError("no_alpha", "The picture has no transparency to make a mask of.")
        return ImageChops.invert(picture.getchannel("A"))
    return picture.convert("L")


def is_transparent(picture: Image.Image) -> bool:
    return picture.mode == "RGBA" and count(picture.getchannel("A"), OPAQUE) < area(picture)


def refuse_blank(mask: Image.Image) -> None:
    match blank(mask):
        case "empty":
            raise RefusedError("empty_mask", "The mask is all black: nothing would be repainted.")
        case "full":
            raise RefusedError("full_mask", "The mask is all white: everything would be repainted.")
        case None:
            pass


def blank(mask: Image.Image) -> Blank | None:
    """Whether there is nothing in it but black, or nothing but white."""
    if count(mask, BLACK) == area(mask):
        return "empty"
    return "full" if count(mask, WHITE) == area(mask) else None


def count(band: Image.Image, value: int) -> int:
    return band.histogram()[value]


def area(picture: Image.Image) -> int:
    return picture.width * picture.height

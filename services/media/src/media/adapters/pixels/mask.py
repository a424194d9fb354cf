"""Masks as every workflow gets them: one channel, white where the picture is to be repainted."""

# Pillow leaves out the types of some parameters.
# pyright: reportUnknownMemberType=false

from PIL import Image, ImageChops, ImageFilter

from media.domain.inspection import MaskOrder, RefusedError

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
        refuse_empty(mask)
    return mask


def channel(picture: Image.Image, order: MaskOrder) -> Image.Image:
    """Take the mask out of the picture. Transparent is white, as in ComfyUI (1 - alpha)."""
    if order.channel == "alpha" or (order.channel == "auto" and is_transparent(picture)):
        if picture.mode != "RGBA":
            raise RefusedError("no_alpha", "The picture has no transparency to make a mask of.")
        return ImageChops.invert(picture.getchannel("A"))
    return picture.convert("L")


def is_transparent(picture: Image.Image) -> bool:
    return picture.mode == "RGBA" and count(picture.getchannel("A"), OPAQUE) < area(picture)


def refuse_empty(mask: Image.Image) -> None:
    if count(mask, BLACK) == area(mask):
        raise RefusedError("empty_mask", "The mask is all black: nothing would be repainted.")
    if count(mask, WHITE) == area(mask):
        raise RefusedError("full_mask", "The mask is all white: everything would be repainted.")


def count(band: Image.Image, value: int) -> int:
    return band.histogram()[value]


def area(picture: Image.Image) -> int:
    return picture.width * picture.height

"""Makes, scales, cuts and joins pictures; no class here needs a model."""

from itertools import cycle

from PIL import Image, ImageChops, ImageFilter, ImageOps

from preview_engine.classes.context import Batch, Result, values
from preview_engine.classes.pictures import (
    check_size,
    fit,
    inverted,
    new,
    resize,
    with_alpha,
)


def empty_image(*, width: int, height: int, batch_size: int, color: int) -> Result:
    shade = (color >> 16 & 255, color >> 8 & 255, color & 255)
    return values((new("RGB", width, height, shade),) * batch_size)


def image_scale(*, image: Batch, upscale_method: str, width: int, height: int, crop: str) -> Result:
    """Scale the picture. One zero side keeps the aspect ratio; two zeros keep the picture."""
    if width == 0 and height == 0:
        return values(image)
    first = image[0]
    width = width or max(1, round(first.width * height / first.height))
    height = height or max(1, round(first.height * width / first.width))
    return values(tuple(fit(one, width, height, upscale_method, crop) for one in image))


def image_scale_by(*, image: Batch, upscale_method: str, scale_by: float) -> Result:
    width, height = round(image[0].width * scale_by), round(image[0].height * scale_by)
    return values(tuple(resize(one, width, height, upscale_method) for one in image))


def image_scale_to_total_pixels(
    *, image: Batch, upscale_method: str, megapixels: float, resolution_steps: int
) -> Result:
    scale = (megapixels * 1024 * 1024 / (image[0].width * image[0].height)) ** 0.5
    width = round(image[0].width * scale / resolution_steps) * resolution_steps
    height = round(image[0].height * scale / resolution_steps) * resolution_steps
    return values(tuple(resize(one, width, height, upscale_method) for one in image))


def image_invert(*, image: Batch) -> Result:
    return values(tuple(inverted(one) for one in image))


def image_blur(*, image: Batch, blur_radius: int, sigma: float) -> Result:
    """Blur approximately: ComfyUI cuts its kernel at `blur_radius`, Pillow uses only sigma."""
    blur = ImageFilter.GaussianBlur(min(sigma, blur_radius))
    return values(tuple(one.filter(blur) for one in image))


def image_sharpen(*, image: Batch, sharpen_radius: int, sigma: float, alpha: float) -> Result:
    """Sharpen approximately, since the filter contains a blur."""
    mask = ImageFilter.UnsharpMask(min(sigma, sharpen_radius), int(alpha * 100), 0)
    return values(tuple(one.filter(mask) for one in image))


def image_crop(*, image: Batch, width: int, height: int, x: int, y: int) -> Result:
    x, y = min(x, image[0].width - 1), min(y, image[0].height - 1)
    right, bottom = min(x + width, image[0].width), min(y + height, image[0].height)
    return values(tuple(one.crop((x, y, right, bottom)) for one in image))


def image_flip(*, image: Batch, flip_method: str) -> Result:
    flip = ImageOps.flip if flip_method.startswith("x") else ImageOps.mirror
    return values(tuple(flip(one) for one in image))


def image_rotate(*, image: Batch, rotation: str) -> Result:
    degrees = 0 if rotation == "none" else int(rotation.split(maxsplit=1)[0])
    return values(tuple(one.rotate(-degrees, expand=True) for one in image))


def image_pad_for_outpaint(
    *, image: Batch, left: int, top: int, right: int, bottom: int, feathering: int
) -> Result:
    """Place the picture on gray; the mask marks the new area, with a soft edge to the picture."""
    inner = image[0].size
    width, height = inner[0] + left + right, inner[1] + top + bottom
    check_size(width, height)
    padded: list[Image.Image] = []
    for one in image:
        canvas = Image.new(one.mode, (width, height), (127,) * len(one.getbands()))
        canvas.paste(one, (left, top))
        padded.append(canvas)
    mask = Image.new("L", (width, height), 255)
    sides = (left > 0, top > 0, right > 0, bottom > 0)
    mask.paste(soft_edges(inner, min(feathering, *inner), sides), (left, top))
    return values(tuple(padded), (mask,))


def soft_edges(
    size: tuple[int, int], feathering: int, sides: tuple[bool, bool, bool, bool]
) -> Image.Image:
    """Paint black that brightens with the square of nearness to the chosen sides."""
    inside = Image.new("L", size, 0)
    for distance in reversed(range(feathering)):
        edge = tuple(distance if is_soft else 0 for is_soft in sides)
        level = int(255 * ((feathering - distance) / feathering) ** 2)
        ring = Image.new("L", size, level)
        box = (edge[0] + sides[0], edge[1] + sides[1])
        far = (size[0] - edge[2] - sides[2], size[1] - edge[3] - sides[3])
        if far[0] > box[0] and far[1] > box[1]:
            ring.paste(0, (*box, *far))
        inside = ImageChops.lighter(inside, ring)
    return inside


def image_composite_masked(
    *,
    destination: Batch,
    source: Batch,
    x: int,
    y: int,
    resize_source: bool,
    mask: Batch | None = None,
) -> Result:
    pasted: list[Image.Image] = []
    for below, above, cut in zip(destination, cycle(source), cycle(mask or [None]), strict=False):
        over = resize(above, *below.size, "bilinear") if resize_source else above
        whole = Image.new("L", over.size, 255) if cut is None else cut
        canvas = below.copy()
        canvas.paste(over.convert(below.mode), (x, y), resize(whole, *over.size, "bilinear"))
        pasted.append(canvas)
    return values(tuple(pasted))


def image_blend(*, image1: Batch, image2: Batch, blend_factor: float, blend_mode: str) -> Result:
    modes = {
        "multiply": ImageChops.multiply,
        "screen": ImageChops.screen,
        "overlay": ImageChops.overlay,
        "soft_light": ImageChops.soft_light,
        "difference": ImageChops.subtract,
    }
    blended: list[Image.Image] = []
    for below, other in zip(image1, cycle(image2), strict=False):
        above = fit(other, *below.size, "bicubic", "center").convert(below.mode)
        mixed = modes[blend_mode](below, above) if blend_mode in modes else above
        blended.append(Image.blend(below, mixed, blend_factor))
    return values(tuple(blended))


def image_batch(*, image1: Batch, image2: Batch) -> Result:
    fitted = tuple(fit(one, *image1[0].size, "bilinear", "center") for one in image2)
    return values(image1 + fitted)


def repeat_image_batch(*, image: Batch, amount: int) -> Result:
    return values(image * amount)


def image_from_batch(*, image: Batch, batch_index: int, length: int) -> Result:
    start = min(batch_index, len(image) - 1)
    return values(image[start : start + length])


def join_image_with_alpha(*, image: Batch, alpha: Batch) -> Result:
    return values(
        tuple(
            with_alpha(one, ImageChops.invert(resize(mask, *one.size, "bilinear")))
            for one, mask in zip(image, cycle(alpha), strict=False)
        )
    )


def split_image_with_alpha(*, image: Batch) -> Result:
    masks = tuple(ImageChops.invert(one.convert("RGBA").getchannel("A")) for one in image)
    return values(tuple(one.convert("RGB") for one in image), masks)

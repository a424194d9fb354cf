"""Decides whether an uploaded file can be used for the input that names it."""

from collections.abc import Mapping

from contracts.errors import FieldError
from contracts.media.files import MediaView
from gateway.media.requests import MASK_OPTIONS
from workflows import MediaUse
from workflows.spec.parameter import default_of

BLANK = {
    "empty": "the mask is all black: nothing would be repainted",
    "full": "the mask is all white: everything would be repainted",
}


def mismatch(use: MediaUse, media_by_id: Mapping[str, MediaView]) -> FieldError | None:
    """Return the first error; None if the file can be used there."""
    media, item = media_by_id.get(use.media_id), use.input
    if media is None:
        return error(use, "unknown_media", f"there is no media {use.media_id}")
    wanted = item.item_type
    if wanted not in ("file", media.kind):
        return error(use, "wrong_kind", f"expected media of kind {wanted}, it is {media.kind}")
    # media converts some uploads: both the upload's type and the stored type count
    if item.accept and not {media.content_type, media.source_content_type} & {*item.accept}:
        expected = f"expected one of {', '.join(item.accept)}, it is {media.content_type}"
        return error(use, "wrong_type", expected)
    size_bytes = min(media.size_bytes, media.source_size_bytes or media.size_bytes)
    if item.max_bytes is not None and size_bytes > item.max_bytes:
        return error(use, "too_big", f"expected at most {item.max_bytes} bytes")
    pixels = (media.width or 0) * (media.height or 0)
    if item.max_pixels is not None and pixels > item.max_pixels:
        return error(use, "too_many_pixels", f"expected at most {item.max_pixels} pixels")
    return size_mismatch(use, media, media_by_id) or (
        option_mismatch(use, media) if wanted == "mask" else None
    )


def size_mismatch(
    use: MediaUse, mask: MediaView, media_by_id: Mapping[str, MediaView]
) -> FieldError | None:
    """Require the exact size of the image: an upload with `image_id` gets it."""
    image = media_by_id.get(use.of_media_id) if use.of_media_id else None
    if image is None or (image.width, image.height) == (mask.width, mask.height):
        return None
    return error(
        use,
        "size_mismatch",
        f"the mask is {mask.width}x{mask.height} and its image {image.width}x{image.height}; "
        "upload the mask with `image_id=<image>`",
    )


def option_mismatch(use: MediaUse, mask: MediaView) -> FieldError | None:
    """Require the options of the spec: a mask is made at upload, with the options sent there."""
    wanted = {
        name: value
        for name in MASK_OPTIONS
        if (value := getattr(use.input, name)) != default_of(name)
    }
    if any(getattr(mask.mask, name, None) != value for name, value in wanted.items()):
        form = "&".join(f"{name}={str(value).lower()}" for name, value in wanted.items())
        expected = f"expected a mask made with {form}; upload it so, or for `workflow` and `input`"
        return error(use, "wrong_mask_options", expected)
    blank = mask.mask.blank if mask.mask and not use.input.allow_empty else None
    return error(use, f"{blank}_mask", BLANK[blank]) if blank else None


def error(use: MediaUse, code: str, message: str) -> FieldError:
    return FieldError(path=use.path, code=code, message=message)

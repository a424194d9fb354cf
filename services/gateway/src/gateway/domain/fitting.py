"""Whether an uploaded file fits the input that names it."""

from collections.abc import Mapping

from contracts.errors import FieldError
from contracts.media.files import MediaView
from workflows import MediaUse
from workflows.spec.parameter import default_of

MADE_WITH = ("channel", "invert", "feather", "smooth")
"""Options of a mask in a spec, in a form, and in what media tells of a mask."""
BLANK = {
    "empty": "the mask is all black: nothing would be repainted",
    "full": "the mask is all white: everything would be repainted",
}


def misfit(use: MediaUse, known: Mapping[str, MediaView]) -> FieldError | None:
    """The first thing that is wrong; None if the file can be used there."""
    media, item = known.get(use.media_id), use.input
    if media is None:
        return error(use, "unknown_media", "there is no such media")
    wanted = item.item_type
    if wanted not in ("file", media.kind):
        return error(use, "wrong_kind", f"expected media of kind {wanted}, it is {media.kind}")
    # media turns some uploads into others by itself: what came counts as well as what became of it
    if item.accept and not {media.content_type, media.source_content_type} & {*item.accept}:
        expected = f"expected one of {', '.join(item.accept)}, it is {media.content_type}"
        return error(use, "wrong_type", expected)
    if item.max_bytes is not None and bytes_of(media) > item.max_bytes:
        return error(use, "too_large", f"expected at most {item.max_bytes} bytes")
    pixels = (media.width or 0) * (media.height or 0)
    if item.max_pixels is not None and pixels > item.max_pixels:
        return error(use, "too_many_pixels", f"expected at most {item.max_pixels} pixels")
    return size_misfit(use, media, known) or (
        option_misfit(use, media) if wanted == "mask" else None
    )


def bytes_of(media: MediaView) -> int:
    return min(media.size_bytes, media.source_size_bytes or media.size_bytes)


def size_misfit(
    use: MediaUse, mask: MediaView, known: Mapping[str, MediaView]
) -> FieldError | None:
    """A mask has exactly the size of its image; it is made so when it says `of` at upload."""
    image = known.get(use.of_media_id) if use.of_media_id else None
    if image is None or (image.width, image.height) == (mask.width, mask.height):
        return None
    expected = f"{image.width}x{image.height}"
    return error(
        use,
        "size_mismatch",
        f"expected {expected} as its image, it is {mask.width}x{mask.height}; "
        "upload the mask with `image_id=<image>`",
    )


def option_misfit(use: MediaUse, mask: MediaView) -> FieldError | None:
    """A mask is made at upload, so there it must be told what the workflow's spec asks for."""
    wanted = {
        name: value for name in MADE_WITH if (value := getattr(use.input, name)) != default_of(name)
    }
    if any(getattr(mask.mask, name, None) != value for name, value in wanted.items()):
        form = "&".join(f"{name}={str(value).lower()}" for name, value in wanted.items())
        expected = f"expected a mask made with {form}; upload it so, or for `workflow` and `input`"
        return error(use, "wrong_mask_options", expected)
    blank = mask.mask.blank if mask.mask and not use.input.allow_empty else None
    return error(use, f"{blank}_mask", BLANK[blank]) if blank else None


def error(use: MediaUse, code: str, message: str) -> FieldError:
    return FieldError(path=use.path, code=code, message=message)

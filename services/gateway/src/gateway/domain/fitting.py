"""Whether an uploaded file fits the input that names it."""

from collections.abc import Mapping

from contracts.errors import FieldError
from contracts.media import MediaView
from workflows import MediaUse


def misfit(use: MediaUse, known: Mapping[str, MediaView]) -> FieldError | None:
    """The first thing that is wrong; None if the file can be used there."""
    media, item = known.get(use.media_id), use.input
    if media is None:
        return error(use, "unknown_media", "there is no such media")
    wanted = item.item_type
    if wanted not in ("file", media.kind):
        return error(use, "wrong_kind", f"expected media of kind {wanted}, it is {media.kind}")
    if item.accept and media.content_type not in item.accept:
        return error(use, "wrong_type", f"expected one of {', '.join(item.accept)}")
    if item.max_bytes is not None and media.size_bytes > item.max_bytes:
        return error(use, "too_large", f"expected at most {item.max_bytes} bytes")
    pixels = (media.width or 0) * (media.height or 0)
    if item.max_pixels is not None and pixels > item.max_pixels:
        return error(use, "too_many_pixels", f"expected at most {item.max_pixels} pixels")
    return mask_misfit(use, media, known)


def mask_misfit(
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
        "upload the mask with `of=<image>`",
    )


def error(use: MediaUse, code: str, message: str) -> FieldError:
    return FieldError(path=use.path, code=code, message=message)

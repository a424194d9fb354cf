"""Writes files without their metadata, and without decoding them.

Pictures are read whole and need no Pillow, so any process may strip them. A damaged or
incomplete file is refused.
"""

from pathlib import Path

from media.adapters.sandbox.source import digest_of, head_of
from media.domain.bare import STRIPPED, form_of
from media.domain.inspection import Bounds, FileRefusedError, InspectedFile

UNBOUNDED = Bounds(max_pixels=2**31 - 1, max_frames=0)
"""Nothing is decoded, so the limits of the worker are enough."""


def strip(source: Path, target: Path) -> InspectedFile:
    """Write a result to `target` with only its visible and audible content."""
    content_type = form_of(head_of(source))
    if content_type is None:
        raise FileRefusedError("wrong_content", "The file is of a type that cannot be made bare.")
    write_bare(source, target, content_type, UNBOUNDED)
    return inspected(target, content_type, is_changed=True)


def write_bare(source: Path, target: Path, content_type: str, bounds: Bounds) -> None:
    """Write `target` without metadata. Raises FileRefusedError."""
    if content_type not in STRIPPED:
        from media.adapters.sandbox import video  # noqa: PLC0415  takes time that pictures do not need

        video.remux(source, target, content_type, bounds)
        return
    try:
        with target.open("wb") as kept:
            kept.writelines(STRIPPED[content_type](source.read_bytes()))
    except (ValueError, RecursionError) as error:
        raise FileRefusedError("unreadable", f"The file is damaged: {error}.") from error


def inspected(
    file: Path, content_type: str, *, is_changed: bool, size: tuple[int, int] | None = None
) -> InspectedFile:
    width, height = size or (None, None)
    digest = digest_of(file)
    return InspectedFile(content_type, file.stat().st_size, digest, is_changed, width, height)

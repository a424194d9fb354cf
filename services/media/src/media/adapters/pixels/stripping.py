"""Files without their metadata, made without decoding.

Pictures: no Pillow here, so any process may. Bounded by the size of the file, which is read
whole; what is cut short or damaged is refused.
"""

from pathlib import Path

from media.adapters.pixels.contents import digest_of, head_type
from media.domain.bare import REMUXED, STRIPPED
from media.domain.inspection import Bounds, Finding, RefusedError

UNBOUNDED = Bounds(max_pixels=2**31 - 1, max_frames=0)
"""Nothing is decoded, so the worker's own limits are enough."""


def strip(source: Path, target: Path) -> Finding:
    """Write a result to `target` without prompt, graph and all else nobody sees or hears."""
    content_type = head_type(source) or ""
    if content_type in REMUXED:
        from media.adapters.pixels import film  # noqa: PLC0415  costs other files time

        film.remux(source, target, content_type, UNBOUNDED)
    elif content_type in STRIPPED:
        write_bare(source, target, content_type)
    else:
        raise RefusedError("wrong_content", "The file is of a type that cannot be made bare.")
    return finding(target, content_type, is_changed=True)


def write_bare(source: Path, target: Path, content_type: str) -> None:
    try:
        with target.open("wb") as kept:
            kept.writelines(STRIPPED[content_type](source.read_bytes()))
    except ValueError as error:
        raise RefusedError("unreadable", f"The file is damaged: {error}.") from error


def finding(
    file: Path, content_type: str, *, is_changed: bool, size: tuple[int, int] | None = None
) -> Finding:
    width, height = size or (None, None)
    digest = digest_of(file)
    return Finding(content_type, file.stat().st_size, digest, is_changed, width, height)

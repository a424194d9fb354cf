"""Files without their metadata, made without decoding: no Pillow here, so any process may.

Bounded by the size of the file, which is read whole; what is cut short or damaged is refused.
"""

from pathlib import Path

from media.adapters.pixels.contents import digest_of, head_type
from media.domain.bare import STRIPPED
from media.domain.inspection import Finding, RefusedError


def strip(source: Path, target: Path) -> Finding:
    """Write a result to `target` without prompt, graph and all else that is not picture."""
    content_type = head_type(source) or ""
    if content_type not in STRIPPED:
        raise RefusedError("wrong_content", "The file is of a type that cannot be made bare.")
    write_bare(source, target, content_type)
    return finding(target, content_type, is_changed=True)


def write_bare(source: Path, target: Path, content_type: str) -> None:
    try:
        with target.open("wb") as kept:
            kept.writelines(STRIPPED[content_type](source.read_bytes()))
    except ValueError as error:
        raise RefusedError("unreadable", f"The picture is damaged: {error}.") from error


def finding(
    file: Path, content_type: str, *, is_changed: bool, size: tuple[int, int] | None = None
) -> Finding:
    width, height = size or (None, None)
    digest = digest_of(file)
    return Finding(content_type, file.stat().st_size, digest, is_changed, width, height)

"""Defines what the sandbox reports about an untrusted file, and the reasons to refuse one.

Standard library only, because the worker process that opens hostile files imports this module.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from contracts.values import Blank, Channel  # with Pydantic, which a worker does not load

SIZES = (256, 512, 1024)
"""Longer sides of thumbnails."""


class FileRefusedError(Exception):
    """Media does not keep the file. `code` is for programs, `message` for people."""

    def __init__(self, code: str, message: str, **params: Any) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.params = params


class TooLargeForSharedWorkerError(Exception):
    """The picture is too large to be opened while other workers run."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """Limits on a picture, over all its frames together, because a server decodes them all."""

    max_pixels: int
    """Of a video: pixels of one frame, since its frames are decoded one by one."""
    max_frames: int
    max_video_frames: int | None = None
    max_seconds: int | None = None
    """Of a video or a sound."""
    max_shared_pixels: int | None = None
    """Pixels of one frame above which TooLargeForSharedWorkerError is raised."""


@dataclass(slots=True)
class WorkTime:
    """Time that files of one attempt may take together; waiting for a turn takes none of it."""

    left_seconds: float


@dataclass(frozen=True, slots=True)
class InspectedFile:
    """The file to keep: the target file if `is_changed`, else the source file."""

    content_type: str
    size_bytes: int
    blake3: str
    is_changed: bool
    width: int | None = None
    height: int | None = None
    duration_seconds: float | None = None
    frames_per_second: float | None = None
    source_content_type: str | None = None
    source_size_bytes: int | None = None
    channel: "Channel | None" = None
    """The channel that a mask was taken from."""
    blank: "Blank | None" = None
    """The one color of a mask: all black (`empty`) or all white (`full`)."""


@dataclass(frozen=True, slots=True)
class Thumbnail:
    """A smaller picture, whose longer side is at most `width`."""

    width: int
    content_type: str
    size_bytes: int
    digest: str
    key: str = ""
    """Key of its object; empty until it is in the store."""

    @property
    def filename(self) -> str:
        """Its file in the scratch folder."""
        return f"{self.width}.webp"


@dataclass(frozen=True, slots=True)
class BlobPreview:
    """Measurements and thumbnails of a picture, a video or a sound; a sound has only a length.

    Width and height are those of the upright picture.
    """

    frame_count: int | None = None
    width: int | None = None
    height: int | None = None
    duration_seconds: float | None = None
    frames_per_second: float | None = None
    placeholder: str | None = None
    thumbnails: tuple[Thumbnail, ...] = ()
    source_digest: str | None = None
    problem: str | None = None
    """Code of the reason why there is nothing to show."""


def too_big(max_bytes: int) -> FileRefusedError:
    mib = max_bytes / 1024**2
    return FileRefusedError("too_big", f"At most {mib:.0f} MiB are allowed.", maximum=max_bytes)


def too_many_pixels(maximum: int) -> FileRefusedError:
    return FileRefusedError(
        "too_many_pixels", f"At most {maximum:,} pixels are allowed in all.", maximum=maximum
    )


def sizes_for(width: int, height: int) -> list[int]:
    """Return the sizes smaller than the picture, and the first that is not."""
    smaller = sum(size < max(width, height) for size in SIZES)
    return list(SIZES[: smaller + 1])


def choose_size(sizes: list[int], wanted: int) -> int | None:
    """Return the smallest size that is large enough, else the largest there is."""
    return min((size for size in sizes if size >= wanted), default=max(sizes, default=None))

"""What is asked about a file that nobody trusts, what is found, and the reasons to refuse it.

Standard library only: the worker process that opens hostile files imports this and little else.
"""

from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

Channel: TypeAlias = Literal["alpha", "luminance"]
WantedChannel: TypeAlias = Literal["auto", "alpha", "luminance"]
Blank: TypeAlias = Literal["empty", "full"]
SIZES = (256, 512, 1024)
"""Longer sides of thumbnails."""


class RefusedError(Exception):
    """The file is not one we keep. `code` is for programs, `message` for people."""

    def __init__(self, code: str, message: str, **params: Any) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.params = params


class NeedsRoomError(Exception):
    """The picture is too large to be opened beside others."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """How large a picture may be. All frames count together: a server decodes them all at once."""

    max_pixels: int
    """Of a video: of one frame, as they are decoded one by one."""
    max_frames: int
    max_film_frames: int | None = None
    max_seconds: int | None = None
    """Of a video or a sound."""
    room_pixels: int | None = None
    """Of one frame: above, NeedsRoom is raised."""


@dataclass(frozen=True, slots=True)
class MaskOrder:
    """How to make a mask: `MaskOptions` with the size of the image looked up."""

    channel: WantedChannel = "auto"
    invert: bool = False
    feather: int = 0
    smooth: bool = False
    allow_empty: bool = False
    size: tuple[int, int] | None = None
    """Width and height it must have; None keeps its own."""


@dataclass(frozen=True, slots=True)
class Order:
    """One file to inspect, and to make ready where its kind asks for that."""

    kind: str
    bounds: Bounds
    mask: MaskOrder = field(default_factory=MaskOrder)


@dataclass(frozen=True, slots=True)
class Film:
    """What a video is, or a sound: that has a duration only. Width and height are as shown."""

    duration_seconds: float
    width: int | None = None
    height: int | None = None
    frames: int | None = None
    frames_per_second: float | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """What the file to keep is. `is_changed`: that is the target file, not the source."""

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
    channel: Channel | None = None
    """Where a mask was taken from; `blank` says whether it is all black (empty) or all white."""
    blank: Blank | None = None


@dataclass(frozen=True, slots=True)
class Shrunk:
    """A thumbnail, in a file of that name; its longer side is at most `width`."""

    width: int
    filename: str
    content_type: str
    size_bytes: int
    blake3: str


@dataclass(frozen=True, slots=True)
class Look:
    """What a picture, a video or a sound shows of itself."""

    blake3: str
    frames: int | None = None
    width: int | None = None
    height: int | None = None
    duration_seconds: float | None = None
    frames_per_second: float | None = None
    placeholder: str | None = None
    thumbnails: tuple[Shrunk, ...] = ()


def too_big(max_bytes: int) -> RefusedError:
    mib = max_bytes / 1024**2
    return RefusedError("too_big", f"At most {mib:.0f} MiB are allowed.", maximum=max_bytes)


def too_many_pixels(maximum: int) -> RefusedError:
    return RefusedError(
        "too_many_pixels", f"At most {maximum:,} pixels are allowed in all.", maximum=maximum
    )


def sizes_for(width: int, height: int) -> list[int]:
    """Thumbnails worth making: all that are smaller than the picture, and the first that is not."""
    smaller = sum(size < max(width, height) for size in SIZES)
    return list(SIZES[: smaller + 1])


def choose_size(made: list[int], asked: int) -> int | None:
    """The smallest thumbnail that is large enough, else the largest there is."""
    return min((size for size in made if size >= asked), default=max(made, default=None))

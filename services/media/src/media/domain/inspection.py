"""What is asked about an uploaded file, what is found, and the reasons to refuse it.

Standard library only: the worker process that opens hostile files imports this and little else.
"""

from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

Channel: TypeAlias = Literal["auto", "alpha", "luminance"]


class RefusedError(Exception):
    """The file is not one we keep. `code` is for programs, `message` for people."""

    def __init__(self, code: str, message: str, **params: Any) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.params = params


@dataclass(frozen=True, slots=True)
class MaskOrder:
    """How to make a mask: `MaskOptions` with the size of the image looked up."""

    channel: Channel = "auto"
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
    max_pixels: int
    """Of all frames together: a server decodes them all at once."""
    max_frames: int
    mask: MaskOrder = field(default_factory=MaskOrder)


@dataclass(frozen=True, slots=True)
class Finding:
    """What the file to keep is. `is_changed`: that is the target file, not the source."""

    content_type: str
    size_bytes: int
    blake3: str
    is_changed: bool
    width: int | None = None
    height: int | None = None


def too_big(max_bytes: int) -> RefusedError:
    mib = max_bytes / 1024**2
    return RefusedError("too_big", f"At most {mib:.0f} MiB are allowed.", maximum=max_bytes)

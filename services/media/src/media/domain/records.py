"""What media keeps about files: uploads under way, contents, and media that name them."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from contracts.errors import ErrorBody
from contracts.media.files import MediaView


@dataclass(frozen=True, slots=True)
class Upload:
    """An upload that was begun. A refused one keeps its refusal, to say the same again."""

    media_id: UUID
    owner_id: UUID
    size_bytes: int
    created_at: datetime
    refusal: ErrorBody | None = None


@dataclass(frozen=True, slots=True)
class Kept:
    """One medium and the key of the object that has its bytes."""

    view: MediaView
    key: str


@dataclass(frozen=True, slots=True)
class Result:
    """One file that an attempt made, found in its place."""

    media_id: UUID
    n: int
    output: str
    index: int
    kind: str
    filename: str
    key: str
    blake3: str
    content_type: str
    size_bytes: int
    width: int | None
    height: int | None
    is_verified: bool = False
    """Media computed the digest itself, and no URL can write there."""


@dataclass(frozen=True, slots=True)
class Unprepared:
    """A content that nobody looked into yet."""

    owner_id: UUID
    blake3: str
    key: str
    size_bytes: int
    content_type: str


@dataclass(frozen=True, slots=True)
class Thumbnail:
    """A smaller picture, in its place in the store; its longer side is at most `width`."""

    width: int
    key: str
    content_type: str
    size_bytes: int
    digest: str


@dataclass(frozen=True, slots=True)
class Prepared:
    """What was found in a content. `problem`: why there is nothing to show of it."""

    frame_count: int | None = None
    width: int | None = None
    height: int | None = None
    duration_seconds: float | None = None
    frames_per_second: float | None = None
    placeholder: str | None = None
    thumbnails: tuple[Thumbnail, ...] = ()
    problem: str | None = None

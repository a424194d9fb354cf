"""What media keeps about files: uploads under way, contents, and media that name them."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from contracts.errors import ErrorBody
from contracts.media import MediaView


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

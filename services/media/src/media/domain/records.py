"""Defines the records that media keeps: uploads in progress, stored media, results, previews."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from contracts.errors import ErrorBody
from contracts.media.attempts import ResultFile
from contracts.media.files import MediaView


@dataclass(frozen=True, slots=True)
class Upload:
    """An upload that was begun. A refused one keeps its refusal, to answer the same again."""

    media_id: UUID
    owner_id: UUID
    size_bytes: int
    created_at: datetime
    refusal: ErrorBody | None = None


@dataclass(frozen=True, slots=True)
class StoredMedia:
    """A media and the key of the object that holds its bytes."""

    view: MediaView
    key: str


@dataclass(frozen=True, slots=True)
class CheckedFile:
    """A file that an attempt made, checked against its object in the store."""

    media_id: UUID
    key: str
    file: ResultFile
    can_be_bare: bool = False
    is_withheld: bool = False
    """It may hold prompt and graph that its owner must not see."""
    is_verified: bool = False
    """Media computed the digest itself, and no URL can write the object."""


@dataclass(frozen=True, slots=True)
class PreviewTask:
    """A blob that has no preview yet."""

    owner_id: UUID
    blake3: str
    key: str
    content_type: str


@dataclass(frozen=True, slots=True)
class RetentionAges:
    """Ages at which results and uploads are deleted; None keeps them. Favorites stay."""

    results: timedelta | None = None
    uploads: timedelta | None = None

"""Defines the tables as the migrations made them, and reads rows as dataclasses or models."""

from collections.abc import Mapping
from functools import cache
from typing import Any, TypeVar
from uuid import UUID

from pydantic import TypeAdapter
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    DateTime,
    Float,
    Integer,
    MetaData,
    RowMapping,
    Select,
    Table,
    Text,
    Uuid,
    func,
    select,
)
from sqlalchemy.dialects.postgresql import JSONB

from contracts.media.files import MediaView
from media.domain.records import StoredMedia

T = TypeVar("T")

METADATA = MetaData()

BLOBS = Table(
    "blobs",
    METADATA,
    Column("owner_id", Uuid, primary_key=True),
    Column("blake3", Text, primary_key=True),
    Column("key", Text),
    Column("size_bytes", BigInteger),
    Column("is_verified", Boolean),
    Column("used_at", DateTime(timezone=True)),
    Column("prepared_at", DateTime(timezone=True)),
    Column("problem", Text),
    Column("frame_count", Integer),
    Column("width", Integer),
    Column("height", Integer),
    Column("duration_seconds", Float),
    Column("frames_per_second", Float),
    Column("placeholder", Text),
    Column("tries", Integer),
    Column("try_at", DateTime(timezone=True)),
)
RENDITIONS = Table(
    "renditions",
    METADATA,
    Column("owner_id", Uuid, primary_key=True),
    Column("blake3", Text, primary_key=True),
    Column("width", Integer, primary_key=True),
    Column("key", Text),
    Column("content_type", Text),
    Column("size_bytes", BigInteger),
    Column("digest", Text),
)
ATTEMPTS = Table(
    "attempts",
    METADATA,
    Column("attempt_id", Uuid, primary_key=True),
    Column("owner_id", Uuid),
    Column("job_id", Uuid),
    Column("recorded_at", DateTime(timezone=True)),
)
DELETED_JOBS = Table(
    "deleted_jobs",
    METADATA,
    Column("job_id", Uuid, primary_key=True),
    Column("deleted_at", DateTime(timezone=True)),
)
MEDIA = Table(
    "media",
    METADATA,
    Column("id", Uuid, primary_key=True),
    Column("owner_id", Uuid),
    Column("blake3", Text),
    Column("kind", Text),
    Column("content_type", Text),
    Column("filename", Text),
    Column("width", Integer),
    Column("height", Integer),
    Column("created_at", DateTime(timezone=True)),
    Column("job_id", Uuid),
    Column("attempt_id", Uuid),
    Column("n", Integer),
    Column("output", Text),
    Column("output_index", Integer),
    Column("workflow", Text),
    Column("labels", JSONB),
    Column("is_favorite", Boolean),
    Column("expires_at", DateTime(timezone=True)),
    Column("source_content_type", Text),
    Column("source_size_bytes", BigInteger),
    Column("mask", JSONB(none_as_null=True)),
    Column("is_withheld", Boolean),
)
LINKS = Table(
    "links",
    METADATA,
    Column("id", Uuid, primary_key=True),
    Column("media_id", Uuid),
    Column("created_at", DateTime(timezone=True)),
    Column("expires_at", DateTime(timezone=True)),
)
DOOMED = Table(
    "doomed",
    METADATA,
    Column("key", Text, primary_key=True),
    Column("since", DateTime(timezone=True)),
)
UPLOADS = Table(
    "uploads",
    METADATA,
    Column("media_id", Uuid, primary_key=True),
    Column("owner_id", Uuid),
    Column("size_bytes", BigInteger),
    Column("created_at", DateTime(timezone=True)),
    Column("refusal", JSONB(none_as_null=True)),
)
IDEMPOTENCY = Table(
    "idempotency",
    METADATA,
    Column("owner_id", Uuid, primary_key=True),
    Column("operation", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("body_digest", Text),
    Column("made_id", Uuid),
    Column("created_at", DateTime(timezone=True)),
)

SIZE = ("width", "height")
MEASURED = ("frame_count", "placeholder", "duration_seconds", "frames_per_second")
OF_BLOB = ("key", "size_bytes", *MEASURED)
"""Columns of blobs that the view of a media shows as its own."""
HAS_ATTEMPT = MEDIA.c.attempt_id == ATTEMPTS.c.attempt_id
HAS_BLOB = (MEDIA.c.owner_id == BLOBS.c.owner_id) & (MEDIA.c.blake3 == BLOBS.c.blake3)


def of_blob(table: Table, owner_id: UUID, blake3: str) -> ColumnElement[bool]:
    """Match the rows of one blob."""
    return (table.c.owner_id == owner_id) & (table.c.blake3 == blake3)


def select_media() -> Select[tuple[object, ...]]:
    """Select all media with their blobs."""
    blob = (BLOBS.c[name] for name in OF_BLOB)
    # A size that the agent did not report is known once there is a preview.
    sizes = (func.coalesce(MEDIA.c[n], BLOBS.c[n]).label(n) for n in SIZE)
    columns = (column for column in MEDIA.c if column.name not in SIZE)
    return select(*columns, *sizes, *blob).join_from(MEDIA, BLOBS, HAS_BLOB)


def stored_media(row: RowMapping) -> StoredMedia:
    return StoredMedia(from_row(MediaView, row), row["key"])


def from_row(cls: type[T], row: Mapping[Any, Any]) -> T:
    """Read a dataclass or a model out of the columns named like its fields."""
    return adapter(cls).validate_python(dict(row))


@cache
def adapter(cls: type[T]) -> TypeAdapter[T]:
    return TypeAdapter(cls)

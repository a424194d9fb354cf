"""Tables as the migrations made them, and rows as records."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
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
from media.domain.records import Kept

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

OF_BOTH = ("width", "height")
SEEN = ("frame_count", "placeholder", "duration_seconds", "frames_per_second")
OF_CONTENT = ("key", "size_bytes", *SEEN)
"""Columns of contents that the view of a medium shows as its own."""
HAS_CONTENT = (MEDIA.c.owner_id == BLOBS.c.owner_id) & (MEDIA.c.blake3 == BLOBS.c.blake3)


def select_kept() -> Select[tuple[object, ...]]:
    """Media with their contents; to be narrowed by the caller."""
    content = (BLOBS.c[name] for name in OF_CONTENT)
    # What an agent did not say of its file is known when it was looked into.
    sizes = (func.coalesce(MEDIA.c[n], BLOBS.c[n]).label(n) for n in OF_BOTH)
    medium = (column for column in MEDIA.c if column.name not in OF_BOTH)
    return select(*medium, *sizes, *content).join_from(MEDIA, BLOBS, HAS_CONTENT)


def as_kept(row: RowMapping) -> Kept:
    fields = {name: row[name] for name in MediaView.model_fields}
    return Kept(MediaView.model_validate(fields), row["key"])

"""Tables of the registry, as its migrations leave them."""

from sqlalchemy import (
    JSON,
    Column,
    DateTime,
    ForeignKey,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    Uuid,
)
from sqlalchemy.dialects.postgresql import JSONB

metadata = MetaData()

workflows = Table(
    "workflows",
    metadata,
    Column("name", Text, primary_key=True),
    Column("active_version", Integer),
    Column("about", JSONB, nullable=False),
    Column("updated_at", DateTime(timezone=True), nullable=False),
)

versions = Table(
    "versions",
    metadata,
    Column("name", Text, ForeignKey("workflows.name"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("hash", Text, nullable=False, unique=True),
    # json, not jsonb: a version is named by the hash of its numbers as they are written
    Column("graph", JSON, nullable=False),
    Column("spec", JSON, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("created_by", Uuid),
    Column("activated_at", DateTime(timezone=True)),
)

descriptions = Table(
    "descriptions",
    metadata,
    Column("digest", Text, primary_key=True),
    Column("content", LargeBinary, nullable=False),
    Column("used_at", DateTime(timezone=True), nullable=False),
)

description_pages = Table(
    "description_pages",
    metadata,
    Column("digest", Text, primary_key=True),
    Column("page", Integer, primary_key=True),
    Column("pages", Integer, primary_key=True),
    Column("content", LargeBinary, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
)

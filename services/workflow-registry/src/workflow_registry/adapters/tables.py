"""Tables of the registry, as its migrations leave them."""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

metadata = sa.MetaData()

workflows = sa.Table(
    "workflows",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("active_version", sa.Integer),
    sa.Column("about", JSONB, nullable=False),
    sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
)

versions = sa.Table(
    "versions",
    metadata,
    sa.Column("name", sa.Text, sa.ForeignKey("workflows.name"), primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("hash", sa.Text, nullable=False, unique=True),
    # json, not jsonb: a version is named by the hash of its numbers as they are written
    sa.Column("graph", sa.JSON, nullable=False),
    sa.Column("spec", sa.JSON, nullable=False),
    sa.Column("editor_file", sa.JSON(none_as_null=True)),
    sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("created_by", sa.Uuid),
    sa.Column("activated_at", sa.DateTime(timezone=True)),
)

graphs = sa.Table(
    "graphs",
    metadata,
    sa.Column("hash", sa.Text, primary_key=True),
    sa.Column("owner_id", sa.Uuid, primary_key=True),
    # json, as in `versions`
    sa.Column("record", sa.JSON, nullable=False),
    sa.Column("size_bytes", sa.Integer, nullable=False),
    sa.Column("used_at", sa.DateTime(timezone=True), nullable=False),
)

descriptions = sa.Table(
    "descriptions",
    metadata,
    sa.Column("digest", sa.Text, primary_key=True),
    sa.Column("content", sa.LargeBinary, nullable=False),
    sa.Column("used_at", sa.DateTime(timezone=True), nullable=False),
)

description_pages = sa.Table(
    "description_pages",
    metadata,
    sa.Column("digest", sa.Text, primary_key=True),
    sa.Column("page", sa.Integer, primary_key=True),
    sa.Column("pages", sa.Integer, primary_key=True),
    sa.Column("content", sa.LargeBinary, nullable=False),
    sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
)

presets = sa.Table(
    "presets",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("owner_id", sa.Uuid, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("workflow", sa.Text, nullable=False),
    # json keeps numbers as they were written
    sa.Column("inputs", sa.JSON, nullable=False),
    sa.Column("is_shared", sa.Boolean, nullable=False),
    sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("idempotency_key", sa.Text),
    sa.Column("body_digest", sa.Text),
)

"""What callers may send about media: every field is known, limited and described."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from contracts.media.files import MediaKind
from contracts.values import UtcTime
from gateway.domain.requests import LabelKey, LabelValue, MediaForm, QueryText, Strict

MOST_ARCHIVED = 500
HOUR = 3_600


class MediaFilters(Strict):
    """Which media to list."""

    kind: list[MediaKind] = Field(
        default_factory=list[MediaKind], max_length=7, description="Any of these."
    )
    workflow: QueryText | None = Field(
        default=None, max_length=80, description="`name` or `name@version` that made it."
    )
    label: QueryText | None = Field(
        default=None, max_length=300, description="`key` or `key=value`."
    )
    text: QueryText | None = Field(
        default=None,
        max_length=200,
        description="A word in the file's name, the workflow's or a label's value.",
    )
    is_favorite: bool | None = Field(default=None, description="Only favorites, or only others.")
    job_id: UUID | None = Field(default=None, description="What this job made.")
    limit: int = Field(default=50, ge=1, le=50, description="Media on a page.")
    cursor: QueryText | None = Field(
        default=None, max_length=200, description="`next_cursor` of the page before."
    )


class MediaChanges(Strict):
    """What to change of a media; what is left out stays."""

    is_favorite: bool | None = Field(
        default=None, description="Favorites are kept, whatever their age."
    )
    labels: dict[LabelKey, LabelValue] | None = Field(
        default=None, max_length=16, description="All of its labels, anew."
    )
    filename: Annotated[str, Field(min_length=1, max_length=255)] | None = Field(
        default=None, description="The name it is downloaded under."
    )
    expires_at: UtcTime | Literal["never"] | None = Field(
        default=None, description="When it is to be deleted; `never` takes that back."
    )


class LinkRequest(Strict):
    """A share link to make."""

    lifetime_seconds: int = Field(
        default=7 * 24 * HOUR,
        ge=60,
        le=366 * 24 * HOUR,
        description="Seconds for which the link opens.",
    )


class ArchiveRequest(Strict):
    """Media to download as one ZIP file."""

    media_ids: list[UUID] = Field(
        min_length=1, max_length=MOST_ARCHIVED, description="In the order wanted; once each."
    )


class DirectUpload(Strict):
    """A file that will be put straight into the store."""

    size_bytes: int = Field(ge=1, description="Its size in bytes, at most.")


class DirectUploadForm(MediaForm):
    """What the file that was put is to be used as."""

    filename: Annotated[str, Field(min_length=1, max_length=255)] | None = Field(
        default=None, description="The name it came with, for display."
    )

"""Requests about media: every field is known, limited and described; others are errors."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import UploadFile
from pydantic import Field, StringConstraints, WithJsonSchema

from contracts.media.files import MediaKind
from contracts.values import UtcTime
from gateway.http.bodies import Strict
from gateway.http.fields import LabelKey, LabelValue, QueryText

MASK_OPTIONS = ("channel", "invert", "feather", "smooth")
"""Options of a mask that a spec, a form and a `MadeMask` share."""
MAX_ARCHIVED = 500
HOUR = 3_600


class MediaFilters(Strict):
    """Filters of the list of media."""

    kind: list[MediaKind] = Field(
        default_factory=list[MediaKind], max_length=7, description="Media of any of these kinds."
    )
    workflow: QueryText | None = Field(
        default=None,
        max_length=80,
        description="Media that this workflow made: `name` or `name@version`.",
    )
    label: QueryText | None = Field(
        default=None, max_length=300, description="`key` or `key=value`."
    )
    text: QueryText | None = Field(
        default=None,
        max_length=200,
        description="Part of the file name, of the workflow's name or of a label's value.",
    )
    is_favorite: bool | None = Field(
        default=None, description="True: only favorites; false: only other media."
    )
    job_id: UUID | None = Field(default=None, description="Media that this job made.")
    limit: int = Field(default=50, ge=1, le=50, description="Media on a page.")
    cursor: QueryText | None = Field(
        default=None, max_length=200, description="`next_cursor` of the page before."
    )


class MediaChanges(Strict):
    """Changes of a media; a field that is left out stays."""

    is_favorite: bool | None = Field(
        default=None,
        description="Favorites are not deleted because of their age; `expires_at` still applies.",
    )
    labels: dict[LabelKey, LabelValue] | None = Field(
        default=None, max_length=16, description="All labels; they replace the old ones."
    )
    filename: Annotated[str, Field(min_length=1, max_length=255)] | None = Field(
        default=None, description="Name of the file, for display and downloads."
    )
    expires_at: UtcTime | Literal["never"] | None = Field(
        default=None, description="When it is deleted; `never` removes the date."
    )


class LinkRequest(Strict):
    """A share link to make."""

    lifetime_seconds: int = Field(
        default=7 * 24 * HOUR,
        ge=60,
        le=366 * 24 * HOUR,
        description="Seconds until the link expires.",
    )


class ArchiveRequest(Strict):
    """Media to download as one ZIP file."""

    media_ids: list[UUID] = Field(
        min_length=1,
        max_length=MAX_ARCHIVED,
        description="Media in the order of the ZIP file; repeated ids count once.",
    )


class MediaForm(Strict):
    """Use of a file and, for masks, its options."""

    kind: Annotated[str, StringConstraints(pattern="^(image|mask|video|audio|file)$")] = Field(
        default="image", description="Use of the file."
    )
    image_id: UUID | None = Field(
        default=None, description="Masks: the image whose size the mask gets."
    )
    channel: Annotated[str, StringConstraints(pattern="^(auto|alpha|luminance)$")] = Field(
        default="auto",
        description="Masks: the channel; `auto`: alpha if any pixel is transparent.",
    )
    invert: bool = Field(default=False, description="Masks: swap black and white.")
    feather: int = Field(default=0, ge=0, le=512, description="Masks: blur radius in pixels.")
    smooth: bool = Field(
        default=False, description="Masks: resize with bilinear filtering; false: nearest pixel."
    )
    allow_empty: bool = Field(
        default=False, description="Masks: accept a mask that is all black or all white."
    )


class UploadForm(MediaForm):
    """The fields beside the file of an upload."""

    workflow: str | None = Field(
        default=None,
        max_length=80,
        description="Masks: the workflow of `input`. Options left out here are taken from its "
        "spec.",
    )
    input: str | None = Field(
        default=None,
        max_length=100,
        description="Masks: the input of `workflow` that the mask is for.",
    )


class MediaUpload(UploadForm):
    """A file with its fields, as a form."""

    file: Annotated[UploadFile, WithJsonSchema({"type": "string", "format": "binary"})] = Field(
        description="The file."
    )


class DirectUpload(Strict):
    """A file that the client will put into the store itself."""

    size_bytes: int = Field(ge=1, description="Size of the file in bytes; it may be smaller.")


class DirectUploadForm(MediaForm):
    """Use of the uploaded file and, for masks, its options."""

    filename: Annotated[str, Field(min_length=1, max_length=255)] | None = Field(
        default=None, description="Name of the file, for display and downloads."
    )

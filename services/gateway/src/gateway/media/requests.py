"""Requests about media: every field is known, limited and described; others are errors."""

from typing import Annotated, Literal, TypeAlias
from uuid import UUID

from fastapi import Path, UploadFile
from pydantic import Field, WithJsonSchema

from contracts.media import library
from contracts.media.files import MaskOptions
from gateway.http.bodies import Strict

MASK_OPTIONS = ("channel", "invert", "feather", "smooth")
"""Options of a mask that a spec, a form and a `MadeMask` share."""
MAX_ZIPPED = 500
HOUR = 3_600
MediaId: TypeAlias = Annotated[UUID, Path(description="Id of the media.")]
LinkId: TypeAlias = Annotated[UUID, Path(description="Id of the share link.")]


class MediaFilters(library.MediaFilters, Strict):
    """Filters of the list of media."""


class MediaChanges(library.MediaChanges, Strict):
    """Changes of a media; a field that is left out stays."""


class LinkRequest(Strict):
    """A share link to make."""

    lifetime_seconds: int = Field(
        default=7 * 24 * HOUR,
        ge=60,
        le=366 * 24 * HOUR,
        description="Seconds until the link expires.",
    )


class ZipRequest(Strict):
    """Media to download as one ZIP file."""

    media_ids: list[UUID] = Field(
        min_length=1,
        max_length=MAX_ZIPPED,
        description="Media in the order of the ZIP file; repeated ids count once.",
    )


class MediaForm(MaskOptions, Strict):
    """Use of a file and, for masks, its options."""

    kind: Literal["image", "mask", "video", "audio", "file"] = Field(
        default="image", description="Use of the file."
    )


class MediaUpload(MediaForm):
    """A file with its fields, as a form."""

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

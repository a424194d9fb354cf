"""Media: what users upload and what jobs make. Bytes go to and from S3, never over the bus.

A *media* has an id and an owner; a *blob* is its bytes. If one owner uploads the same bytes twice,
there are two media and one blob.
"""

from datetime import datetime
from typing import ClassVar, Literal, TypeAlias
from uuid import UUID

from pydantic import BaseModel, Field

from contracts.access import Actor, IdempotencyKey, UserCommand, UserQuery
from contracts.message import Accepted, Query
from contracts.values import MadeMask

MediaKind: TypeAlias = Literal["image", "mask", "video", "audio", "3d", "text", "file"]


class MediaView(BaseModel):
    """One picture, mask or file."""

    id: UUID = Field(description="The media.")
    owner_id: UUID = Field(description="The user who owns it.")
    kind: MediaKind = Field(description="Use of the media.")
    content_type: str = Field(description="Detected from the content, not from the file name.")
    source_content_type: str | None = Field(
        default=None, description="Type of the uploaded file; null for a result."
    )
    source_size_bytes: int | None = Field(
        default=None, description="Size of the uploaded file; null for a result."
    )
    mask: MadeMask | None = Field(
        default=None, description="For a mask: the options that it was made with."
    )
    filename: str | None = Field(
        default=None, description="Name of the file, for display and downloads."
    )
    size_bytes: int = Field(description="Size of the stored bytes.")
    width: int | None = Field(default=None, description="Width in pixels.")
    height: int | None = Field(default=None, description="Height in pixels.")
    blake3: str = Field(description="BLAKE3 digest of the stored bytes, in hex.")
    created_at: datetime = Field(description="When it was uploaded or made.")
    job_id: UUID | None = Field(
        default=None, description="The job that made it; null for an upload."
    )
    workflow: str | None = Field(
        default=None,
        description="The workflow that made it, as `name@version`; null for an upload.",
    )
    labels: dict[str, str] = Field(
        default_factory=dict,
        description="Labels. A result starts with the labels of its job; the owner can change "
        "them.",
    )
    is_favorite: bool = Field(
        default=False, description="Not deleted because of its age; `expires_at` still applies."
    )
    expires_at: datetime | None = Field(
        default=None, description="When it will be deleted; null: never because of a date."
    )
    frame_count: int | None = Field(
        default=None,
        description="Frames of a picture or video; null until the file has been inspected. "
        "Results are inspected after the job ends.",
    )
    duration_seconds: float | None = Field(
        default=None,
        description="Length of a video or sound; null until the file has been inspected.",
    )
    frames_per_second: float | None = Field(
        default=None,
        description="Average frame rate of a video; null until the file has been inspected.",
    )
    is_withheld: bool = Field(
        default=False,
        description="The result could not be freed of the prompt and graph that it may hold: only "
        "a caller who may read graphs gets its content. Thumbnails have none.",
    )
    placeholder: str | None = Field(
        default=None,
        description="Data URI of a picture of at most 16 pixels, to show until the thumbnail is "
        "loaded; for a video, of its first frame. null until the file has been inspected.",
    )


class MediaList(BaseModel):
    items: list[MediaView]
    left: list[UUID] = Field(
        default_factory=list[UUID],
        description="Ids that were not looked up: with them, the answer would be too large.",
    )


class UploadPlace(BaseModel):
    """Where to put the bytes of a large file."""

    media_id: UUID = Field(description="Id of the media that the upload becomes.")
    url: str = Field(description="PUT the bytes here.")
    headers: dict[str, str] = Field(
        default_factory=dict, description="Headers that the PUT must send."
    )
    expires_at: datetime | None = Field(default=None, description="When the URL expires.")


class BeginUpload(UserCommand[UploadPlace]):
    """Get a URL for the bytes of a new upload; a repeated idempotency key gets the earlier upload.

    The URL works inside the cluster, or for everybody if `is_public`.
    Errors: Forbidden (`storage_quota`), Invalid (`media_refused`: too big), Conflict
    (`no_public_store`, `idempotency_key_reused`).
    """

    subject: ClassVar[str] = "command.media.begin_upload.v1"
    media_id: UUID
    size_bytes: int = Field(ge=1)
    is_public: bool = Field(
        default=False, description="The client puts the bytes itself, from outside the cluster."
    )
    idempotency: IdempotencyKey | None = None


class AbandonUpload(UserCommand[Accepted]):
    """Forget an upload whose bytes did not arrive, so that it counts against no quota."""

    subject: ClassVar[str] = "command.media.abandon_upload.v1"
    media_id: UUID


class MaskOptions(BaseModel):
    """Options for making a mask from the uploaded picture."""

    image_id: UUID | None = Field(
        default=None, description="Masks: the image whose size the mask gets."
    )
    channel: Literal["auto", "alpha", "luminance"] = Field(
        default="auto",
        description="Masks: the channel; `auto`: alpha if any pixel is transparent, but luminance "
        "if all that is visible is white (white paint on a clear canvas).",
    )
    invert: bool = Field(default=False, description="Masks: swap black and white.")
    feather: int = Field(default=0, ge=0, le=512, description="Masks: blur radius in pixels.")
    smooth: bool = Field(
        default=False, description="Masks: resize with bilinear filtering; false: nearest pixel."
    )
    allow_empty: bool = Field(
        default=False, description="Masks: accept a mask that is all black or all white."
    )


class AcceptUpload(UserCommand[MediaView]):
    """Inspect the uploaded bytes and keep them. Idempotent.

    A known idempotency key is answered with its media, even if this upload was never begun.
    Errors: Invalid (with the reason), NotFound, Conflict (`idempotency_key_reused`).
    """

    subject: ClassVar[str] = "command.media.accept_upload.v1"
    media_id: UUID
    kind: MediaKind
    filename: str | None = Field(default=None, max_length=255)
    mask: MaskOptions | None = None
    idempotency: IdempotencyKey | None = None


class FindMedia(UserQuery[MediaList]):
    """Find media by id, at least one if there is one; the answer names those still to ask for.

    Media of other owners are left out.
    """

    subject: ClassVar[str] = "query.media.find_media.v1"
    media_ids: list[UUID] = Field(max_length=100)


class Rendition(BaseModel):
    """A thumbnail of a media."""

    width: int = Field(description="Largest length of its longer side, in pixels.")
    content_type: str
    size_bytes: int
    blake3: str = Field(description="BLAKE3 digest of its bytes, in hex.")


class ContentView(BaseModel):
    """Where the bytes of one media are."""

    media: MediaView
    url: str = Field(description="Presigned GET, inside the cluster.")
    public_url: str | None = Field(
        default=None,
        description="Presigned GET for clients outside the cluster, if the store is public.",
    )
    rendition: Rendition | None = Field(
        default=None, description="The thumbnail at the URL, if the query gave a width."
    )


class LocateContent(Query[ContentView]):
    """Get a URL to download a media or its thumbnail.

    Errors: NotFound (also `no_thumbnail`), Forbidden (`link_expired`, `withheld`).
    `actor` is None if a signed link has already proved the right to read it.
    """

    subject: ClassVar[str] = "query.media.locate_content.v1"
    sent_by: ClassVar = ("gateway",)
    actor: Actor | None
    media_id: UUID
    width: int | None = Field(
        default=None, ge=1, le=1024, description="Thumbnail: at least this wide, if there is one."
    )
    link_id: UUID | None = Field(
        default=None, description="The share link that proved the right; it must still be open."
    )
    is_download: bool = Field(
        default=False, description="A public store answers so that a browser saves the content."
    )

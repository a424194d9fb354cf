"""Media: what users upload and what jobs make. Bytes go to and from S3, never over the bus.

*Media* (id, owner) is apart from *blob* (its bytes): the same bytes uploaded twice by one owner
are stored once.
"""

from datetime import datetime
from typing import ClassVar, Literal, TypeAlias
from uuid import UUID

from pydantic import BaseModel, Field

from contracts.access import Actor, IdempotencyKey
from contracts.message import Command, Query
from contracts.values import MadeMask

MediaKind: TypeAlias = Literal["image", "mask", "video", "audio", "3d", "text", "file"]


class MediaView(BaseModel):
    """One picture, mask or file."""

    id: UUID = Field(description="The media.")
    owner_id: UUID = Field(description="The user who owns it.")
    kind: MediaKind = Field(description="Use of the media.")
    content_type: str = Field(description="By content, never by the name it came with.")
    source_content_type: str | None = Field(
        default=None, description="Type of the upload it was made of."
    )
    source_size_bytes: int | None = Field(default=None, description="Size of that upload.")
    mask: MadeMask | None = Field(default=None, description="Masks: options it was made with.")
    filename: str | None = Field(default=None, description="The name it came with, for display.")
    size_bytes: int = Field(description="Size of the stored bytes.")
    width: int | None = Field(default=None, description="Pixels.")
    height: int | None = Field(default=None, description="Pixels.")
    blake3: str = Field(description="Digest of the stored bytes, hex.")
    created_at: datetime = Field(description="When it was accepted or made.")
    job_id: UUID | None = Field(default=None, description="The job that made it, if one did.")
    workflow: str | None = Field(default=None, description="`name@version` that made it.")
    labels: dict[str, str] = Field(
        default_factory=dict, description="A result begins with its job's; the owner changes them."
    )
    is_favorite: bool = Field(default=False, description="Kept by retention, whatever its age.")
    expires_at: datetime | None = Field(default=None, description="When it will be deleted.")
    frame_count: int | None = Field(
        default=None, description="Frames of a picture or video; null until it was looked into."
    )
    duration_seconds: float | None = Field(
        default=None,
        description="Length of a video or sound; null until it was looked into, as with all "
        "results.",
    )
    frames_per_second: float | None = Field(
        default=None, description="Of a video, on average; null until it was looked into."
    )
    placeholder: str | None = Field(
        default=None,
        description="Data URI of a picture of 16 pixels at most, to show before the thumbnail, "
        "of a video of its first frame; null until it was looked into.",
    )


class MediaList(BaseModel):
    items: list[MediaView]


class UploadTarget(BaseModel):
    url: str = Field(description="Presigned PUT: inside the cluster, or public if asked for.")
    headers: dict[str, str] = Field(
        default_factory=dict, description="Headers that the PUT must have."
    )
    expires_at: datetime | None = Field(default=None, description="Until when the URL works.")
    media_id: UUID | None = Field(
        default=None, description="The upload; an earlier one if its idempotency key came again."
    )


class BeginUpload(Command[UploadTarget]):
    """Get a URL for the bytes of a new upload.

    Errors: Forbidden (`storage_quota`), Invalid (`media_refused`: too big), Conflict
    (`no_public_store`, `idempotency_key_reused`).
    """

    subject: ClassVar[str] = "command.media.begin_upload.v1"
    sent_by: ClassVar = ("gateway",)
    actor: Actor
    media_id: UUID
    size_bytes: int = Field(ge=1)
    is_public: bool = Field(
        default=False, description="The caller's client puts the bytes itself, from outside."
    )
    idempotency: IdempotencyKey | None = None


class MaskOptions(BaseModel):
    """Options for making a mask from the uploaded picture."""

    image_id: UUID | None = Field(default=None, description="The image whose size it takes.")
    channel: Literal["auto", "alpha", "luminance"] = Field(
        default="auto", description="`auto`: alpha if the picture has any transparency."
    )
    invert: bool = False
    feather: int = Field(default=0, ge=0, le=512, description="Blur radius in pixels.")
    smooth: bool = Field(default=False, description="Resample smoothly; else nearest.")
    allow_empty: bool = Field(default=False, description="Accept all black or all white.")


class AcceptUpload(Command[MediaView]):
    """Inspect what was put and keep it. Idempotent. Errors: Invalid (says why), NotFound."""

    subject: ClassVar[str] = "command.media.accept_upload.v1"
    sent_by: ClassVar = ("gateway",)
    actor: Actor
    media_id: UUID
    kind: MediaKind
    filename: str | None = Field(default=None, max_length=255)
    mask: MaskOptions | None = None
    idempotency: IdempotencyKey | None = None


class FindMedia(Query[MediaList]):
    """These media; what is not the actor's is left out."""

    subject: ClassVar[str] = "query.media.find_media.v1"
    sent_by: ClassVar = ("gateway",)
    actor: Actor
    media_ids: list[UUID] = Field(max_length=100)


class Rendition(BaseModel):
    """A smaller picture of a medium."""

    width: int = Field(description="Its longer side is at most this.")
    content_type: str
    size_bytes: int
    blake3: str = Field(description="Digest of its bytes, hex.")


class ContentView(BaseModel):
    """Place of the bytes of one media."""

    media: MediaView
    url: str = Field(description="Presigned GET, inside the cluster.")
    public_url: str | None = Field(
        default=None, description="Presigned GET for clients outside, if the store is public."
    )
    rendition: Rendition | None = Field(
        default=None, description="The thumbnail at the URL, if the query gave a width."
    )


class LocateContent(Query[ContentView]):
    """Bytes for a download. Errors: NotFound (also `no_thumbnail`, `link_over`).

    `actor` is None when a signed URL already proved the right to it.
    """

    subject: ClassVar[str] = "query.media.locate_content.v1"
    sent_by: ClassVar = ("gateway",)
    actor: Actor | None
    media_id: UUID
    width: int | None = Field(
        default=None, ge=1, le=1024, description="A thumbnail that is at least so wide."
    )
    link_id: UUID | None = Field(
        default=None, description="The share link that proved it; it must still be good."
    )

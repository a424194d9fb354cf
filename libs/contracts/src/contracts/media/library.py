"""An owner's media: list, change, delete, storage used, and share links."""

from datetime import datetime
from typing import Annotated, ClassVar, Literal, TypeAlias
from uuid import UUID

from pydantic import BaseModel, Field

from contracts.access import IdempotencyKey, UserCommand, UserQuery
from contracts.event import Event
from contracts.media.files import MediaKind, MediaView
from contracts.message import Accepted
from contracts.values import (
    LabelFilter,
    LabelKey,
    LabelValue,
    Page,
    QueryText,
    ReferenceText,
    UtcTime,
)


class MediaPage(Page[MediaView]):
    """A page of media."""


class MediaFilters(BaseModel):
    """Filters of the list of media."""

    kind: list[MediaKind] = Field(
        default_factory=list[MediaKind], max_length=7, description="Media of any of these kinds."
    )
    workflow: ReferenceText | None = Field(
        default=None,
        max_length=80,
        description="Media that this workflow made: `name` or `name@version`.",
    )
    label: LabelFilter | None = Field(
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


class ListMedia(MediaFilters, UserQuery[MediaPage]):
    """List the actor's media, newest first. Errors: Invalid (`bad_cursor`)."""

    subject: ClassVar[str] = "query.media.list_media.v1"


class MediaChanges(BaseModel):
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


class UpdateMedia(MediaChanges, UserCommand[MediaView]):
    """Change fields that the owner may change. Errors: NotFound."""

    subject: ClassVar[str] = "command.media.update_media.v1"
    media_id: UUID


DeletionCause: TypeAlias = Literal["asked", "expired"]


class MediaDeleted(Event):
    """A media was deleted for good: its owner asked for it, or it expired."""

    subject: ClassVar[str] = "event.media.deleted.v1.{owner_id}"
    sent_by: ClassVar = ("media",)
    aggregate_key = "media_id"
    media_id: UUID
    owner_id: UUID
    kind: MediaKind
    job_id: UUID | None = Field(
        default=None, description="The job that made it; null for an upload."
    )
    cause: DeletionCause = Field(description="`expired`: because of its `expires_at` or its age.")


class DeleteMedia(UserCommand[Accepted]):
    """Delete a media, and its bytes if no other media has them. Errors: NotFound."""

    subject: ClassVar[str] = "command.media.delete_media.v1"
    media_id: UUID


class StorageView(BaseModel):
    """Storage that a user uses."""

    media_count: int = Field(description="Number of media.")
    stored_bytes: int = Field(
        description="Bytes stored; equal files count once, thumbnails do not count."
    )
    limit_bytes: int = Field(
        description="Above this limit, uploads and new jobs are refused; results of running jobs "
        "are still stored."
    )
    media_count_by_kind: dict[str, int] = Field(description="Number of media by kind.")


class FindStorage(UserQuery[StorageView]):
    """Find how much storage the actor uses, and the limit."""

    subject: ClassVar[str] = "query.media.find_storage.v1"


class LinkView(BaseModel):
    """A share link, without its signature."""

    id: UUID = Field(description="The link.")
    media_id: UUID = Field(description="The media that the link opens.")
    created_at: datetime = Field(description="When it was made.")
    expires_at: datetime = Field(description="When the link expires.")


class LinkList(BaseModel):
    items: list[LinkView]


class ShareMedia(UserCommand[LinkView]):
    """Make a link with which anyone can read one media. Idempotent by `link_id`.

    Errors: NotFound, Conflict (`too_many_links`, `link_id_taken`, `idempotency_key_reused`),
    Forbidden (`withheld`).
    """

    subject: ClassVar[str] = "command.media.share_media.v1"
    media_id: UUID
    link_id: UUID
    lifetime_seconds: int = Field(ge=60, le=366 * 86_400)
    idempotency: IdempotencyKey | None = None


class ListLinks(UserQuery[LinkList]):
    """List the open links to one media, newest first. Errors: NotFound."""

    subject: ClassVar[str] = "query.media.list_links.v1"
    media_id: UUID


class RevokeLink(UserCommand[Accepted]):
    """Close a link before it expires. Errors: NotFound (the media is not the actor's)."""

    subject: ClassVar[str] = "command.media.revoke_link.v1"
    media_id: UUID
    link_id: UUID

"""An owner's media: the gallery, changes, deletion, figures, and links for others."""

from datetime import datetime
from typing import ClassVar, Literal, TypeAlias
from uuid import UUID

from pydantic import BaseModel, Field

from contracts.access import Actor, IdempotencyKey
from contracts.event import Event
from contracts.media.files import MediaKind, MediaView
from contracts.message import Command, Query
from contracts.values import UtcTime


class MediaPage(BaseModel):
    items: list[MediaView]
    next_cursor: str | None = None


class ListMedia(Query[MediaPage]):
    """The actor's media, newest first. Errors: Invalid (`bad_cursor`)."""

    subject: ClassVar[str] = "query.media.list_media.v1"
    sent_by: ClassVar = ("gateway",)
    actor: Actor
    kind: list[MediaKind] = Field(default_factory=list[MediaKind], description="Any of these.")
    workflow: str | None = Field(default=None, description="`name` or `name@version`.")
    label: str | None = Field(default=None, description="`key` or `key=value`.")
    text: str | None = Field(
        default=None, description="In the file's name, the workflow's or a label's value."
    )
    is_favorite: bool | None = None
    job_id: UUID | None = None
    limit: int = Field(default=50, ge=1, le=50)
    cursor: str | None = Field(default=None, max_length=200)


class UpdateMedia(Command[MediaView]):
    """Change fields that the owner may change; None leaves a field as it is. Errors: NotFound."""

    subject: ClassVar[str] = "command.media.update_media.v1"
    sent_by: ClassVar = ("gateway",)
    actor: Actor
    media_id: UUID
    is_favorite: bool | None = None
    labels: dict[str, str] | None = Field(default=None, description="All of them, anew.")
    filename: str | None = Field(default=None, max_length=255)
    expires_at: UtcTime | Literal["never"] | None = None


DeletionCause: TypeAlias = Literal["asked", "expired"]


class MediaDeleted(Event):
    """A media is gone for good: its owner asked for that, or its time was over."""

    subject: ClassVar[str] = "event.media.deleted.v1.{owner_id}"
    sent_by: ClassVar = ("media",)
    media_id: UUID
    owner_id: UUID
    kind: MediaKind
    job_id: UUID | None = Field(default=None, description="The job that made it, if one did.")
    cause: DeletionCause = Field(
        description="`expired`: by its `expires_at`, or by the rule for its age."
    )

    def aggregate_id(self) -> UUID:
        return self.media_id


class Gone(BaseModel):
    """It is not there any more; it may not have been before."""


class DeleteMedia(Command[Gone]):
    """Forget one media, and its bytes if no other media has them. Errors: NotFound."""

    subject: ClassVar[str] = "command.media.delete_media.v1"
    sent_by: ClassVar = ("gateway",)
    actor: Actor
    media_id: UUID


class StorageView(BaseModel):
    """Storage that an owner uses."""

    media_count: int = Field(description="Media in all.")
    stored_bytes: int = Field(
        description="Bytes stored; the same content counts once, thumbnails do not count."
    )
    limit_bytes: int = Field(
        description="Above it uploads and jobs are refused; results never are."
    )
    media_count_by_kind: dict[str, int] = Field(description="Media of each kind there is.")


class FindStorage(Query[StorageView]):
    """Find how much the actor stores, and the limit."""

    subject: ClassVar[str] = "query.media.find_storage.v1"
    sent_by: ClassVar = ("gateway",)
    actor: Actor


class LinkView(BaseModel):
    """A share link, without its signature."""

    id: UUID = Field(description="The link.")
    media_id: UUID = Field(description="The media that it opens.")
    created_at: datetime = Field(description="When it was made.")
    expires_at: datetime = Field(description="Until when it opens.")


class LinkList(BaseModel):
    items: list[LinkView]


class ShareMedia(Command[LinkView]):
    """Let whoever has the link read one media. Idempotent by `link_id`.

    Errors: NotFound, Conflict (`too_many_links`, `link_id_taken`, `idempotency_key_reused`).
    """

    subject: ClassVar[str] = "command.media.share_media.v1"
    sent_by: ClassVar = ("gateway",)
    actor: Actor
    media_id: UUID
    link_id: UUID
    lifetime_seconds: int = Field(ge=60, le=366 * 86_400)
    idempotency: IdempotencyKey | None = None


class ListLinks(Query[LinkList]):
    """Links to one media that still open, newest first. Errors: NotFound."""

    subject: ClassVar[str] = "query.media.list_links.v1"
    sent_by: ClassVar = ("gateway",)
    actor: Actor
    media_id: UUID


class RevokeLink(Command[Gone]):
    """Close a link before its time. Errors: NotFound (the media is not the actor's)."""

    subject: ClassVar[str] = "command.media.revoke_link.v1"
    sent_by: ClassVar = ("gateway",)
    actor: Actor
    media_id: UUID
    link_id: UUID

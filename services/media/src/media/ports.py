"""Defines what media needs from outside: the object store, the sandbox and the database."""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Protocol
from uuid import UUID

from contracts.access import IdempotencyKey
from contracts.errors import ErrorBody, NotFoundError
from contracts.media import attempts
from contracts.media.files import MaskOptions, MediaView
from contracts.media.library import DeletionCause, LinkView, ListMedia
from media.domain.inspection import BlobPreview, Bounds, InspectedFile, Thumbnail, WorkTime
from media.domain.records import CheckedFile, PreviewTask, RetentionAges, StoredMedia, Upload
from runtime.cursor import Place
from runtime.grants import Grant


class ObjectMissingError(NotFoundError):
    """No object has that key."""

    code = "object_missing"


class ObjectStore(Protocol):
    """Stores bytes. Every method that is not about URLs raises Unavailable if S3 is down."""

    def upload_url(self, key: str, lifetime: timedelta) -> str: ...

    def download_url(self, key: str, lifetime: timedelta) -> str: ...

    def public_upload_url(self, key: str, lifetime: timedelta) -> str | None:
        """Return a URL for clients outside, or None if the store is not public."""
        ...

    def public_download_url(
        self, key: str, lifetime: timedelta, headers: Mapping[str, str]
    ) -> str | None:
        """Return a URL for clients outside, answered with `headers`; None if not public."""
        ...

    async def size(self, key: str) -> int:
        """Return the size in bytes. Raises ObjectMissingError."""
        ...

    async def peek(self, key: str) -> tuple[int, bytes]:
        """Return the size in bytes and the `telling_head`. Raises ObjectMissingError."""
        ...

    async def copy(self, source: str, target: str) -> None:
        """Copy inside the store. Raises ObjectMissingError."""
        ...

    async def fetch(self, key: str, file: Path, max_bytes: int) -> None:
        """Write it to `file`. Raises ObjectMissingError; FileRefusedError above `max_bytes`."""
        ...

    async def put(self, key: str, file: Path, content_type: str) -> None: ...

    async def remove(self, keys: Iterable[str]) -> None:
        """Delete the objects that exist."""
        ...

    def older(self, prefix: str, than: datetime) -> AsyncIterator[list[str]]:
        """Yield batches of keys of objects last written before `than`."""
        ...


@dataclass(frozen=True, slots=True)
class InspectionRequest:
    """One file to inspect and to convert as its kind asks."""

    kind: str
    bounds: Bounds
    mask: MaskOptions = field(default_factory=MaskOptions)
    mask_size: tuple[int, int] | None = None
    """Width and height that the mask takes; None keeps those of the picture."""


class Sandbox(Protocol):
    """Opens untrusted files: `source` in a scratch folder, which also takes the files it makes.

    Raises FileRefusedError, or UnavailableError if the failure is not the file's fault.
    """

    async def inspect(self, folder: Path, request: InspectionRequest) -> InspectedFile:
        """Check the file; write `target` if it is to be kept in another form."""
        ...

    async def preview(self, folder: Path, bounds: Bounds) -> BlobPreview:
        """Measure a picture, a video or a sound and write its thumbnails."""
        ...

    async def strip(self, folder: Path, time: WorkTime) -> InspectedFile:
        """Write a result without prompt and graph to `target`; refuse it once `time` is used up."""
        ...


class Uploads(Protocol):
    """Keeps uploads in progress until they become media."""

    async def begin(
        self, upload: Upload, storage_bytes: int, idempotency: IdempotencyKey | None
    ) -> UUID:
        """Add an upload once and return its id.

        Raises ForbiddenError (`storage_quota`), ConflictError.
        """
        ...

    async def find(self, media_id: UUID, owner_id: UUID) -> Upload:
        """Raises NotFoundError."""
        ...

    async def refuse(self, media_id: UUID, refusal: ErrorBody) -> None: ...
    async def forget(self, media_id: UUID, owner_id: UUID) -> bool:
        """Forget the upload; return whether the owner had one that is not refused."""
        ...

    async def replayed(self, owner_id: UUID, idempotency: IdempotencyKey) -> StoredMedia | None:
        """Return the media made under that key. Raises ConflictError if its body was another."""
        ...

    async def accept(
        self, media: StoredMedia, storage_bytes: int, idempotency: IdempotencyKey | None
    ) -> StoredMedia:
        """Turn the upload into a media, once, and return what is stored.

        Its key differs if the owner already has the same content. Raises ForbiddenError
        (`storage_quota`), ConflictError.
        """
        ...


class Library(Protocol):
    """Keeps media and their share links. The caller checks rights to a media before links."""

    async def find(self, media_ids: Sequence[UUID], owner_id: UUID) -> list[StoredMedia]:
        """Return those of the owner, in the order of `media_ids`."""
        ...

    async def get(self, media_id: UUID) -> StoredMedia | None:
        """Return one media of any owner."""
        ...

    async def page(self, query: ListMedia, after: Place | None) -> list[MediaView]:
        """Return the newest first, and one more than the limit if there are more."""
        ...

    async def change(self, media_id: UUID, owner_id: UUID, changes: Mapping[str, Any]) -> MediaView:
        """Set columns by name. Raises NotFoundError."""
        ...

    async def storage(self, owner_id: UUID) -> tuple[int, dict[str, int]]:
        """Return the stored bytes, and the number of media by kind."""
        ...

    async def add_link(
        self, link: LinkView, max_open: int, owner_id: UUID, idempotency: IdempotencyKey | None
    ) -> LinkView:
        """Add a link, or return that of the id or key. Raises NotFoundError, ConflictError."""
        ...

    async def open_links(self, media_id: UUID, now: datetime) -> list[LinkView]:
        """Return the links that have not expired, newest first."""
        ...

    async def is_link_open(self, link_id: UUID, media_id: UUID, now: datetime) -> bool: ...

    async def remove_link(self, link_id: UUID, media_id: UUID) -> None: ...


class Deletions(Protocol):
    """Deletes rows at once; keys of their objects wait until the store deleted the objects."""

    async def delete(
        self, media_id: UUID, owner_id: UUID, now: datetime, cause: DeletionCause
    ) -> list[str]:
        """Delete a media and its blob if no other media has it, and publish the deletion.

        Returns the keys whose objects are to be deleted. Raises NotFoundError.
        """
        ...

    async def close_job(self, job_id: UUID, owner_id: UUID, now: datetime) -> list[UUID]:
        """Return all media that the job made; none of its attempts records more from now on."""
        ...

    async def now(self) -> datetime: ...  # stands still after a jump, until that has lasted

    async def expired(
        self, now: datetime, ages: RetentionAges, limit: int
    ) -> list[tuple[UUID, UUID]]:
        """Return ids and owners of media that expired."""
        ...

    async def waiting_keys(self, before: datetime, limit: int) -> list[str]:
        """Return keys that wait since `before` or longer."""
        ...

    async def confirm(self, keys: Sequence[str]) -> None:
        """Remove the keys of deleted objects from those that wait."""
        ...

    async def delete_unused_rows(self, before: datetime) -> None:
        """Delete uploads, keys, links and blobs last used before; attempts a month later."""
        ...

    async def unreferenced(self, keys: Sequence[str]) -> list[str]:
        """Return those of `keys` that no row names."""
        ...


class Previews(Protocol):
    """Keeps previews, and the blobs that wait for one."""

    async def take_tasks(self, now: datetime, limit: int) -> list[PreviewTask]:
        """Take some tasks. A task that is not completed comes back, with growing delays."""
        ...

    async def find_task(self, owner_id: UUID, blake3: str) -> PreviewTask | None:
        """Return the task of that blob, or None if it has a preview."""
        ...

    async def complete(self, task: PreviewTask, preview: BlobPreview, now: datetime) -> bool:
        """Keep a preview; return False if the blob is gone or already has one."""
        ...

    async def thumbnails(self, owner_id: UUID, blake3: str) -> dict[int, Thumbnail]:
        """Return the thumbnails of that blob by width."""
        ...


class Results(Protocol):
    """Keeps the files that attempts made."""

    async def find(self, attempt_id: UUID) -> attempts.Results:
        """Return the recorded files, in the order of their numbers."""
        ...

    async def save(
        self, grant: Grant, results: Sequence[CheckedFile], now: datetime
    ) -> attempts.Results:
        """Make the files media of the owner; files recorded earlier stay as they are.

        Returns all files that the attempt has recorded.
        """
        ...

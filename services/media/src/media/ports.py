"""What media needs from outside, in its own words."""

from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Protocol, TypeAlias
from uuid import UUID

from contracts.access import IdempotencyKey
from contracts.errors import ErrorBody, NotFoundError
from contracts.media.files import MediaView
from contracts.media.library import DeletionCause, LinkView, ListMedia
from contracts.scheduler.jobs import Output
from media.domain.gallery import Place
from media.domain.inspection import Bounds, Finding, Look, Order
from media.domain.records import Kept, Prepared, Result, Thumbnail, Unprepared, Upload
from media.domain.retention import Ages
from media.domain.rights import Rights

Clock: TypeAlias = Callable[[], datetime]
Bench: TypeAlias = Callable[[], AbstractContextManager[str]]
"""Opens a private folder that vanishes with all in it."""


class ObjectMissingError(NotFoundError):
    """No object has that key."""

    code = "object_missing"


class ObjectStore(Protocol):
    """The bytes. Every method but the URLs' raises Unavailable while the store is away."""

    def upload_url(self, key: str, lifetime: timedelta) -> str: ...

    def download_url(self, key: str, lifetime: timedelta) -> str: ...

    def public_upload_url(self, key: str, lifetime: timedelta) -> str | None:
        """For clients outside; None if the store is not public."""
        ...

    def public_download_url(
        self, key: str, lifetime: timedelta, headers: Mapping[str, str]
    ) -> str | None:
        """The same for reading; the store answers with those headers."""
        ...

    async def size(self, key: str) -> int:
        """Size in bytes. Raises ObjectMissing."""
        ...

    async def peek(self, key: str) -> tuple[int, bytes]:
        """Size in bytes, and as much of the beginning as the sniffer needs. ObjectMissing."""
        ...

    async def copy(self, source: str, target: str) -> None:
        """Copy inside the store. Raises ObjectMissing."""
        ...

    async def fetch(self, key: str, file: Path, max_bytes: int) -> None:
        """Write the object to `file`. Raises ObjectMissing, or Refused if it is bigger."""
        ...

    async def put(self, key: str, file: Path, content_type: str) -> None: ...

    async def remove(self, keys: Iterable[str]) -> None:
        """Delete the objects; those that are not there do not matter."""
        ...

    def older(self, prefix: str, than: datetime) -> AsyncIterator[list[str]]:
        """Yield keys of objects last written before `than`, some at a time."""
        ...


class Workshop(Protocol):
    """Opens files that nobody trusts: `source` of a folder, which what is made goes beside.

    Raises Refused, or Unavailable if it is not the file's fault.
    """

    async def inspect(self, folder: Path, order: Order) -> Finding:
        """Say what to keep; it is in `target` if that differs from `source`."""
        ...

    async def look(self, folder: Path, bounds: Bounds) -> Look:
        """Make thumbnails of a picture or a video."""
        ...

    async def strip(self, folder: Path) -> Finding:
        """Write a result without prompt and graph to `target`."""
        ...


class Uploads(Protocol):
    """Uploads under way, and how they become media."""

    async def begin(
        self, upload: Upload, storage_bytes: int, idempotency: IdempotencyKey | None
    ) -> UUID:
        """Remember an upload, once; its id. Raises Forbidden (`storage_quota`), Conflict."""
        ...

    async def find(self, media_id: UUID, owner_id: UUID) -> Upload:
        """Raises NotFound."""
        ...

    async def refuse(self, media_id: UUID, refusal: ErrorBody) -> None: ...

    async def replayed(self, owner_id: UUID, idempotency: IdempotencyKey) -> Kept | None:
        """What was made under that key. Raises Conflict if with another body."""
        ...

    async def keep(
        self, kept: Kept, storage_bytes: int, idempotency: IdempotencyKey | None
    ) -> Kept:
        """Make the upload a medium, once, and return what is stored.

        Its key is another if the owner has the same content already. Raises Forbidden
        (`storage_quota`), Conflict.
        """
        ...


class Library(Protocol):
    """All media."""

    async def find(self, media_ids: Sequence[UUID], owner_id: UUID) -> list[Kept]:
        """Those of the owner, in the order asked."""
        ...

    async def get(self, media_id: UUID) -> Kept | None:
        """One medium, whoever owns it."""
        ...


class Gallery(Protocol):
    """All media of one owner."""

    async def page(self, query: ListMedia, after: Place | None) -> list[MediaView]:
        """One more than asked for, if there are more; newest first."""
        ...

    async def change(self, media_id: UUID, owner_id: UUID, changes: Mapping[str, Any]) -> MediaView:
        """Set columns by name. Raises NotFound."""
        ...

    async def storage(self, owner_id: UUID) -> tuple[int, dict[str, int]]:
        """Bytes stored, and the number of media by kind."""
        ...


class Removal(Protocol):
    """Deletion: what is forgotten in the database is deleted in the store, now or later."""

    async def remove(
        self, media_id: UUID, owner_id: UUID, now: datetime, cause: DeletionCause
    ) -> list[str]:
        """Forget a medium, and its content if it was the last, and say so. NotFound.

        Returns the keys to delete.
        """
        ...

    async def expired(self, now: datetime, ages: Ages, limit: int) -> list[tuple[UUID, UUID]]:
        """Media, with their owners, whose time is over."""
        ...

    async def doomed(self, before: datetime, limit: int) -> list[str]:
        """Keys whose objects have still to be deleted since then."""
        ...

    async def deleted(self, keys: Sequence[str]) -> None:
        """Those objects are gone."""
        ...


class Previews(Protocol):
    """Contents that wait to be looked into, and what was seen."""

    async def claim(self, now: datetime, limit: int) -> list[Unprepared]:
        """Take some; those that are not told of again come back later, less and less often."""
        ...

    async def waiting(self, owner_id: UUID, blake3: str) -> Unprepared | None:
        """That content, if nobody looked into it yet."""
        ...

    async def tell(self, content: Unprepared, seen: Prepared, now: datetime) -> bool:
        """Keep what was seen; False if the content is gone or another was faster."""
        ...

    async def thumbnails(self, owner_id: UUID, blake3: str) -> dict[int, Thumbnail]: ...


class Links(Protocol):
    """Share links; the owner's right to the medium was checked before."""

    async def add(
        self, link: LinkView, most: int, owner_id: UUID, idempotency: IdempotencyKey | None
    ) -> LinkView:
        """Keep a link, or give back the one of that id or key. Raises Conflict."""
        ...

    async def of(self, media_id: UUID, now: datetime) -> list[LinkView]:
        """Those that still open, newest first."""
        ...

    async def opens(self, link_id: UUID, media_id: UUID, now: datetime) -> bool: ...

    async def drop(self, link_id: UUID, media_id: UUID) -> None: ...


class Results(Protocol):
    """What attempts made."""

    async def find(self, attempt_id: UUID) -> dict[int, Output] | None:
        """Recorded files by number; None if the attempt recorded nothing yet."""
        ...

    async def record(
        self, rights: Rights, results: Sequence[Result], now: datetime
    ) -> dict[int, Output]:
        """Make the files media of the owner; those recorded before stay as they are.

        Returns all that the attempt has recorded, by number.
        """
        ...


class Orphans(Protocol):
    """What nobody needs any more."""

    async def forget(self, before: datetime) -> None:
        """Drop rows of uploads, keys and unreferenced contents that were last used before."""
        ...

    async def unreferenced(self, keys: Sequence[str]) -> list[str]:
        """Those of `keys` that no content has."""
        ...


class Grants(Protocol):
    """Checks what an agent holds."""

    def admit(self, grant: str, node_id: UUID) -> Rights:
        """Return what the grant allows that node. Raises Forbidden."""
        ...

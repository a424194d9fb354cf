"""What media needs from outside, in its own words."""

from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol, TypeAlias
from uuid import UUID

from contracts.access import IdempotencyKey
from contracts.errors import ErrorBody, NotFoundError
from contracts.jobs import Output
from media.domain.inspection import Finding, Order
from media.domain.records import Kept, Result, Upload
from media.domain.rights import Rights

Clock: TypeAlias = Callable[[], datetime]
Bench: TypeAlias = Callable[[], AbstractContextManager[str]]
"""Opens a private folder that vanishes with all in it."""


class ObjectMissingError(NotFoundError):
    """No object has that key."""

    code = "object_missing"


class ObjectStore(Protocol):
    """The bytes. Every method but the first two raises Unavailable while the store is away."""

    def upload_url(self, key: str, lifetime: timedelta) -> str: ...

    def download_url(self, key: str, lifetime: timedelta) -> str: ...

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


class Inspector(Protocol):
    """Opens files that nobody trusts."""

    async def inspect(self, source: Path, target: Path, order: Order) -> Finding:
        """Say what to keep; it is in `target` if that differs from `source`. Raises Refused."""
        ...


class Uploads(Protocol):
    """Uploads under way, and how they become media."""

    async def begin(self, upload: Upload, storage_bytes: int) -> None:
        """Remember an upload; a repeat changes nothing.

        Raises Forbidden (`storage_quota`), Conflict (the id is taken).
        """
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


class Results(Protocol):
    """What attempts made."""

    async def find(self, attempt_id: UUID) -> dict[int, Output] | None:
        """Recorded files by number; None if the attempt recorded nothing yet."""
        ...

    async def record(self, rights: Rights, results: Sequence[Result], now: datetime) -> None:
        """Make the files media of the owner; those recorded before stay as they are."""
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

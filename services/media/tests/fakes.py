"""The ports of media, in memory."""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import UUID

from contracts.access import IdempotencyKey
from contracts.errors import ErrorBody, NotFoundError, OperationError
from media.domain.inspection import Bounds, Finding, Look, Order, RefusedError, Shrunk
from media.domain.records import Kept, Upload
from media.handlers.uploads import Intake, UploadLimits
from media.ports import ObjectMissingError

from .adapters.records import NOW


class FakeStore:
    """Objects in a dictionary; `away` is raised by every call that would reach the store."""

    def __init__(self, objects: dict[str, bytes] | None = None) -> None:
        self.objects = objects or {}
        self.away: OperationError | None = None
        self.public: str | None = None

    def upload_url(self, key: str, lifetime: timedelta) -> str:
        return f"put:{key}?{lifetime}"

    def download_url(self, key: str, lifetime: timedelta) -> str:
        return f"get:{key}?{lifetime}"

    def public_upload_url(self, key: str, lifetime: timedelta) -> str | None:
        return self.public and f"{self.public}put:{key}?{lifetime}"

    def public_download_url(
        self, key: str, lifetime: timedelta, headers: Mapping[str, str]
    ) -> str | None:
        return self.public and f"{self.public}get:{key}?{lifetime}&{dict(headers)}"

    async def size(self, key: str) -> int:
        return len(self._get(key))

    async def peek(self, key: str) -> tuple[int, bytes]:
        return len(self._get(key)), self._get(key)[:512]

    async def copy(self, source: str, target: str) -> None:
        self.objects[target] = self._get(source)

    async def fetch(self, key: str, file: Path, max_bytes: int) -> None:
        write(file, self._get(key)[:max_bytes])

    async def put(self, key: str, file: Path, content_type: str) -> None:  # noqa: ARG002
        self.objects[key] = read(file)

    async def remove(self, keys: Iterable[str]) -> None:
        for key in keys:
            if self.away:
                raise self.away
            self.objects.pop(key, None)

    async def older(self, prefix: str, than: datetime) -> AsyncIterator[list[str]]:  # noqa: ARG002
        for key in sorted(self.objects):
            if key.startswith(prefix):
                yield [key]

    def _get(self, key: str) -> bytes:
        if self.away:
            raise self.away
        if key not in self.objects:
            raise ObjectMissingError(key)
        return self.objects[key]


class FakeWorkshop:
    """Keeps what begins with `good`, in capitals where asked to change it."""

    def __init__(self, *, changes: bool = False) -> None:
        self.changes = changes
        self.seen: list[bytes] = []

    async def inspect(self, folder: Path, order: Order) -> Finding:  # noqa: ARG002
        data = read(folder / "source")
        self.seen.append(data)
        if not data.startswith(b"good"):
            raise RefusedError("unreadable", "It is not good.")
        if self.changes:
            data = data.upper()
            write(folder / "target", data)
        return Finding("image/png", len(data), data.hex(), self.changes, 4, 3)

    async def look(self, folder: Path, bounds: Bounds) -> Look:  # noqa: ARG002
        data = read(folder / "source")
        if not data.startswith(b"good"):
            raise RefusedError("unreadable", "It is not good.")
        write(folder / "256.webp", b"small")
        small = Shrunk(256, "256.webp", "image/webp", 5, "digest")
        return Look(data.hex(), 1, 4, 3, placeholder="data:", thumbnails=(small,))

    async def strip(self, folder: Path) -> Finding:
        data = read(folder / "source").replace(b"prompt", b"")
        write(folder / "target", data)
        return Finding("image/png", len(data), data.hex(), is_changed=True)


class FakeMedia:
    """Uploads and library in one, as one database has both."""

    def __init__(self) -> None:
        self.uploads: dict[UUID, Upload] = {}
        self.refusals: dict[UUID, ErrorBody] = {}
        self.kept: dict[UUID, Kept] = {}
        self.fails: OperationError | None = None

    async def begin(
        self,
        upload: Upload,
        storage_bytes: int,  # noqa: ARG002
        idempotency: IdempotencyKey | None,  # noqa: ARG002
    ) -> UUID:
        self.uploads[upload.media_id] = upload
        return upload.media_id

    async def find(self, media_id: UUID, owner_id: UUID) -> Upload:
        upload = self.uploads.get(media_id)
        if upload is None or upload.owner_id != owner_id:
            raise NotFoundError("no upload")
        refusal = self.refusals.get(media_id)
        return Upload(media_id, owner_id, upload.size_bytes, upload.created_at, refusal)

    async def refuse(self, media_id: UUID, refusal: ErrorBody) -> None:
        self.refusals[media_id] = refusal

    async def replayed(self, owner_id: UUID, idempotency: IdempotencyKey) -> Kept | None:  # noqa: ARG002
        return next((kept for kept in self.kept.values() if kept.view.owner_id == owner_id), None)

    async def keep(
        self,
        kept: Kept,
        storage_bytes: int,  # noqa: ARG002
        idempotency: IdempotencyKey | None,  # noqa: ARG002
    ) -> Kept:
        if self.fails:
            raise self.fails
        same = [k.key for k in self.kept.values() if k.view.blake3 == kept.view.blake3]
        self.kept[kept.view.id] = Kept(kept.view, same[0] if same else kept.key)
        return self.kept[kept.view.id]


class FakeLibrary:
    def __init__(self, media: FakeMedia) -> None:
        self._kept = media.kept

    async def find(self, media_ids: Sequence[UUID], owner_id: UUID) -> list[Kept]:
        found = [self._kept[media_id] for media_id in media_ids if media_id in self._kept]
        return [kept for kept in found if kept.view.owner_id == owner_id]

    async def get(self, media_id: UUID) -> Kept | None:
        return self._kept.get(media_id)


def bench() -> AbstractContextManager[str]:
    return TemporaryDirectory(prefix="media-test-")


def an_intake(store: FakeStore, media: FakeMedia, workshop: FakeWorkshop | None = None) -> Intake:
    return Intake(
        media,
        FakeLibrary(media),
        store,
        workshop or FakeWorkshop(),
        bench,
        lambda: NOW,
        UploadLimits(max_bytes=100, bounds=Bounds(100, 10)),
    )


def read(file: Path) -> bytes:
    return file.read_bytes()


def write(file: Path, data: bytes) -> None:
    file.write_bytes(data)

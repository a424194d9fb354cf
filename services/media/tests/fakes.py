"""The ports of media, in memory."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from contracts.access import IdempotencyKey
from contracts.errors import ErrorBody, NotFoundError, OperationError
from contracts.media.attempts import Results
from contracts.scheduler.jobs import Output
from media.domain.inspection import (
    BlobPreview,
    Bounds,
    FileRefusedError,
    InspectedFile,
    Thumbnail,
    WorkTime,
)
from media.domain.records import CheckedFile, PreviewTask, RetentionAges, StoredMedia, Upload
from media.ports import InspectionRequest
from media.service import Media, SingleFlight
from runtime.grants import Grant

from .adapters.records import NOW, SECRET
from .fake_store import FakeStore, read, write


class FakeSandbox:
    """Keeps files that begin with `good`, in capitals where asked to change them."""

    def __init__(self, *, changes: bool = False) -> None:
        self.changes = changes
        self.seen: list[bytes] = []

    async def inspect(self, folder: Path, request: InspectionRequest) -> InspectedFile:  # noqa: ARG002
        data = read(folder / "source")
        self.seen.append(data)
        if not data.startswith(b"good"):
            raise FileRefusedError("unreadable", "It is not good.")
        if self.changes:
            data = data.upper()
            write(folder / "target", data)
        return InspectedFile("image/png", len(data), data.hex(), self.changes, 4, 3)

    async def preview(self, folder: Path, bounds: Bounds) -> BlobPreview:  # noqa: ARG002
        data = read(folder / "source")
        if not data.startswith(b"good"):
            raise FileRefusedError("unreadable", "It is not good.")
        thumbnail = Thumbnail(256, "image/webp", 5, "digest")
        write(folder / thumbnail.filename, b"small")
        return BlobPreview(
            1, 4, 3, placeholder="data:", thumbnails=(thumbnail,), source_digest=data.hex()
        )

    async def strip(self, folder: Path, time: WorkTime) -> InspectedFile:  # noqa: ARG002
        data = read(folder / "source").replace(b"prompt", b"")
        if b"damaged" in data:
            raise FileRefusedError("unreadable", "It is damaged.")
        write(folder / "target", data)
        return InspectedFile("image/png", len(data), data.hex(), is_changed=True)


class FakeUploads:
    def __init__(self) -> None:
        self.uploads: dict[UUID, Upload] = {}
        self.refusals: dict[UUID, ErrorBody] = {}
        self.accepted: dict[UUID, StoredMedia] = {}
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

    async def forget(self, media_id: UUID, owner_id: UUID) -> bool:
        upload = self.uploads.get(media_id)
        if upload is None or upload.owner_id != owner_id or media_id in self.refusals:
            return False
        del self.uploads[media_id]
        return True

    async def refuse(self, media_id: UUID, refusal: ErrorBody) -> None:
        self.refusals[media_id] = refusal

    async def replayed(
        self,
        owner_id: UUID,
        idempotency: IdempotencyKey,  # noqa: ARG002
    ) -> StoredMedia | None:
        mine = (media for media in self.accepted.values() if media.view.owner_id == owner_id)
        return next(mine, None)

    async def accept(
        self,
        media: StoredMedia,
        storage_bytes: int,  # noqa: ARG002
        idempotency: IdempotencyKey | None,  # noqa: ARG002
    ) -> StoredMedia:
        if self.fails:
            raise self.fails
        same = [m.key for m in self.accepted.values() if m.view.blake3 == media.view.blake3]
        stored = StoredMedia(media.view, same[0] if same else media.key)
        self.accepted[media.view.id] = stored
        return stored


class FakeLibrary:
    """Finds what `FakeUploads` accepted; handlers that need more are tested on Postgres."""

    def __init__(self, uploads: FakeUploads) -> None:
        self._media = uploads.accepted

    async def find(self, media_ids: Sequence[UUID], owner_id: UUID) -> list[StoredMedia]:
        found = [self._media[media_id] for media_id in media_ids if media_id in self._media]
        return [media for media in found if media.view.owner_id == owner_id]

    async def get(self, media_id: UUID) -> StoredMedia | None:
        return self._media.get(media_id)


class FakeDeletions:
    """Knows the keys that rows name; handlers that need more are tested on Postgres."""

    def __init__(self, *named: str) -> None:
        self.named = named
        self.time = NOW
        self.forgotten: list[datetime] = []

    async def now(self) -> datetime:
        return self.time

    async def delete_unused_rows(self, before: datetime) -> None:
        self.forgotten.append(before)

    async def unreferenced(self, keys: Sequence[str]) -> list[str]:
        return [key for key in keys if key not in self.named]


class FakePreviews:
    def __init__(self, *tasks: PreviewTask) -> None:
        self.tasks = list(tasks)
        self.seen: dict[str, BlobPreview] = {}
        self.is_there = True

    async def take_tasks(self, now: datetime, limit: int) -> list[PreviewTask]:  # noqa: ARG002
        claimed, self.tasks = self.tasks[:limit], self.tasks[limit:]
        return claimed

    async def find_task(self, owner_id: UUID, blake3: str) -> PreviewTask | None:
        found = (t for t in self.tasks if (t.owner_id, t.blake3) == (owner_id, blake3))
        return next(found, None)

    async def complete(self, task: PreviewTask, preview: BlobPreview, now: datetime) -> bool:  # noqa: ARG002
        self.seen[task.key] = preview
        return self.is_there

    async def thumbnails(self, owner_id: UUID, blake3: str) -> dict[int, Thumbnail]:  # noqa: ARG002
        return {}


class FakeResults:
    def __init__(self) -> None:
        self.recorded: dict[UUID, dict[int, CheckedFile]] = {}

    async def find(self, attempt_id: UUID) -> Results:
        known = self.recorded.get(attempt_id)
        outputs = [an_output(known[n]) for n in sorted(known or ())] if known else []
        return Results(outputs=outputs, is_recorded=known is not None)

    async def save(
        self,
        grant: Grant,
        results: Sequence[CheckedFile],
        now: datetime,  # noqa: ARG002
    ) -> Results:
        known = self.recorded.setdefault(grant.attempt_id, {})
        for result in results:
            known.setdefault(result.file.n, result)
        return await self.find(grant.attempt_id)


def an_output(result: CheckedFile) -> Output:
    fields = result.file.model_dump() | {"name": result.file.output, "media_id": result.media_id}
    return Output.model_validate(fields | {"is_withheld": result.is_withheld})


def a_media(**parts: Any) -> Media:
    """The service with fakes for all ports that are not given."""
    uploads = parts.get("uploads") or FakeUploads()
    fields: dict[str, Any] = {
        "store": FakeStore(),
        "sandbox": FakeSandbox(),
        "uploads": uploads,
        "library": FakeLibrary(uploads),
        "deletions": FakeDeletions(),
        "previews": FakePreviews(),
        "results": FakeResults(),
        "clock": lambda: NOW,
        "bounds": Bounds(100, 10),
        "max_upload_bytes": 100,
        "retention": RetentionAges(),
        "grant_secret": SECRET,
        "name_secret": SECRET,
        "scratch_dir": None,
        "acceptances": SingleFlight(2),
        "recordings": SingleFlight(2),
        "preparations": SingleFlight(2),
    }
    return Media(**fields | parts)

"""Media's owner as small as the tests need it, over a real S3 server."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from minio import Minio

from contracts.errors import ForbiddenError, NotFoundError
from contracts.media.files import (
    AbandonUpload,
    AcceptUpload,
    BeginUpload,
    ContentView,
    FindMedia,
    LocateContent,
    MediaKind,
    MediaList,
    MediaView,
    Rendition,
    UploadPlace,
)
from contracts.media.library import FindStorage, StorageView
from contracts.message import Accepted
from runtime.bus.client import Bus
from runtime.testing.servers import S3Server


def a_media(media_id: UUID, owner_id: UUID, kind: MediaKind = "image") -> MediaView:
    return MediaView(
        id=media_id,
        owner_id=owner_id,
        kind=kind,
        content_type="image/png",
        filename='a "picture".png',
        size_bytes=10,
        width=8,
        height=8,
        blake3="b3",
        created_at=datetime(2026, 1, 1, tzinfo=UTC),
    )


class FakeStorage:
    """Bytes that everybody stores."""

    stored_bytes = 10

    async def find(self, request: FindStorage) -> StorageView:
        return StorageView(
            media_count=1,
            stored_bytes=self.stored_bytes,
            limit_bytes=request.actor.limits.storage_bytes,
            media_count_by_kind={"image": 1},
        )


class FakeMedia:
    def __init__(self, bus: Bus, s3: S3Server | None = None) -> None:
        self.bus = bus
        self.known: dict[UUID, MediaView] = {}
        self.keys: dict[str, UUID] = {}
        self.accepted: list[AcceptUpload] = []
        self.abandoned: list[UUID] = []
        self.public: UUID | None = None
        self.revoked: set[UUID] = set()
        self._s3 = s3
        self._client = s3 and Minio(
            s3.endpoint, s3.access_key, s3.secret_key, region=s3.region, secure=False
        )

    async def serve(self) -> None:
        await self.bus.serve(BeginUpload, self.begin)
        await self.bus.serve(AbandonUpload, self.abandon)
        await self.bus.serve(AcceptUpload, self.accept)
        await self.bus.serve(FindMedia, self.find)
        await self.bus.serve(LocateContent, self.locate)

    async def begin(self, request: BeginUpload) -> UploadPlace:
        media_id, key = request.media_id, request.idempotency
        if key:
            media_id = self.keys.setdefault(key.key + key.body_digest, media_id)
        if self._s3 is None or self._client is None:
            return UploadPlace(url="http://127.0.0.1:1/nobody", media_id=media_id)
        hour = timedelta(hours=1)
        url = self._client.presigned_put_object(self._s3.bucket, str(media_id), hour)
        return UploadPlace(url=url, media_id=media_id)

    async def abandon(self, request: AbandonUpload) -> Accepted:
        self.abandoned.append(request.media_id)
        return Accepted()

    async def accept(self, request: AcceptUpload) -> MediaView:
        self.accepted.append(request)
        key = request.idempotency
        if key and key.key in self.keys:
            return self.known[self.keys[key.key]]
        view = a_media(request.media_id, request.actor.user_id, request.kind)
        self.known[view.id] = view
        if key:
            self.keys[key.key] = view.id
        return view

    async def find(self, request: FindMedia) -> MediaList:
        found = [self.known[id_] for id_ in request.media_ids if id_ in self.known]
        return MediaList(items=[m for m in found if m.owner_id == request.actor.user_id])

    async def locate(self, request: LocateContent) -> ContentView:
        view = self.known.get(request.media_id)
        actor = request.actor
        if request.link_id and request.link_id in self.revoked:
            raise ForbiddenError("the link is over", code="link_expired")
        if view is None or (actor and actor.user_id != view.owner_id):
            raise NotFoundError("there is no such media")
        if self._s3 is None or self._client is None:
            return ContentView(media=view, url="http://127.0.0.1:1/nobody")
        url = self._client.presigned_get_object(self._s3.bucket, str(view.id))
        public = request.media_id == self.public and "https://s3.example/x"
        small = Rendition(width=256, content_type="image/webp", size_bytes=10, blake3="small")
        return ContentView(
            media=view,
            url=url,
            public_url=public or None,
            rendition=small if request.width else None,
        )

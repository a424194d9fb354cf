"""Keeps uploads in progress and turns them into media."""

from dataclasses import asdict
from datetime import timedelta
from uuid import UUID

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from contracts.access import IdempotencyKey
from contracts.errors import ConflictError, ErrorBody, ForbiddenError, NotFoundError
from media.adapters.sql import blobs
from media.adapters.sql.blobs import Blob
from media.adapters.sql.idempotency import find_made, remember
from media.adapters.sql.library import find_media
from media.adapters.sql.tables import MEDIA, OF_BLOB, UPLOADS, from_row
from media.domain.records import StoredMedia, Upload
from runtime.postgres.transaction import transaction

UPLOAD, BEGIN = "upload", "begin_upload"
"""The operations to which idempotency keys of uploads belong."""
COUNTED = timedelta(minutes=15)
"""An upload that was begun counts against the quota as long as its URL is valid."""


class SqlUploads:
    def __init__(self, database: AsyncEngine) -> None:
        self._database = database

    async def begin(
        self, upload: Upload, storage_bytes: int, idempotency: IdempotencyKey | None
    ) -> UUID:
        owner = upload.owner_id
        async with transaction(self._database) as connection:
            await blobs.lock_owner(connection, owner)
            made_id = await find_made(connection, owner, BEGIN, idempotency)
            if made_id and owner in await owners_of(connection, made_id):
                return made_id
            begun, accepted = await owners_of(connection, upload.media_id)
            if begun == owner:
                return upload.media_id
            if begun or accepted:
                raise ConflictError("the id is taken", code="media_id_taken")
            used = await blobs.stored_bytes(connection, upload.owner_id)
            used += await promised_bytes(connection, upload)
            check_quota(storage_bytes, used + upload.size_bytes)
            await connection.execute(insert(UPLOADS), asdict(upload))
            made = upload.media_id, upload.created_at
            await remember(connection, owner, BEGIN, idempotency, made)
        return upload.media_id

    async def find(self, media_id: UUID, owner_id: UUID) -> Upload:
        query = select(UPLOADS).where(
            UPLOADS.c.media_id == media_id, UPLOADS.c.owner_id == owner_id
        )
        async with transaction(self._database) as connection:
            row = (await connection.execute(query)).mappings().first()
        if row is None:
            raise NotFoundError(f"no upload {media_id} was begun", code="nothing_uploaded")
        return from_row(Upload, row)

    async def refuse(self, media_id: UUID, refusal: ErrorBody) -> None:
        upload = update(UPLOADS).where(UPLOADS.c.media_id == media_id)
        async with transaction(self._database) as connection:
            await connection.execute(upload.values(refusal=refusal.model_dump(mode="json")))

    async def forget(self, media_id: UUID, owner_id: UUID) -> bool:
        statement = delete(UPLOADS).where(
            UPLOADS.c.media_id == media_id,
            UPLOADS.c.owner_id == owner_id,
            UPLOADS.c.refusal.is_(None),
        )
        async with transaction(self._database) as connection:
            return bool((await connection.execute(statement)).rowcount)

    async def replayed(self, owner_id: UUID, idempotency: IdempotencyKey) -> StoredMedia | None:
        async with transaction(self._database) as connection:
            return await find_replayed(connection, owner_id, idempotency)

    async def accept(
        self, media: StoredMedia, storage_bytes: int, idempotency: IdempotencyKey | None
    ) -> StoredMedia:
        view = media.view
        async with transaction(self._database) as connection:
            await blobs.lock_owner(connection, view.owner_id)
            stored = await find_media(connection, view.id)
            if stored is None:
                stored = await find_replayed(connection, view.owner_id, idempotency)
            if stored:
                return stored
            await add(connection, media, storage_bytes)
            made = view.id, view.created_at
            await remember(connection, view.owner_id, UPLOAD, idempotency, made)
            await connection.execute(delete(UPLOADS).where(UPLOADS.c.media_id == view.id))
            return await find_media(connection, view.id) or media


async def owners_of(connection: AsyncConnection, media_id: UUID) -> tuple[UUID | None, UUID | None]:
    """Return the owners of the upload and of the media with that id, if they exist."""
    begun = select(UPLOADS.c.owner_id).where(UPLOADS.c.media_id == media_id).scalar_subquery()
    accepted = select(MEDIA.c.owner_id).where(MEDIA.c.id == media_id).scalar_subquery()
    by_upload, by_media = (await connection.execute(select(begun, accepted))).one()
    return by_upload, by_media


async def promised_bytes(connection: AsyncConnection, upload: Upload) -> int:
    """Return the bytes of the owner's other uploads that may still arrive."""
    total = select(func.coalesce(func.sum(UPLOADS.c.size_bytes), 0)).where(
        UPLOADS.c.owner_id == upload.owner_id,
        UPLOADS.c.refusal.is_(None),
        UPLOADS.c.created_at > upload.created_at - COUNTED,
    )
    return int((await connection.execute(total)).scalar_one())


async def find_replayed(
    connection: AsyncConnection, owner_id: UUID, idempotency: IdempotencyKey | None
) -> StoredMedia | None:
    made_id = await find_made(connection, owner_id, UPLOAD, idempotency)
    return await find_media(connection, made_id) if made_id else None


async def add(connection: AsyncConnection, media: StoredMedia, storage_bytes: int) -> None:
    """Add media and blob. Raises ForbiddenError if a new blob exceeds the quota."""
    view = media.view
    if not await blobs.is_stored(connection, view.owner_id, view.blake3):
        used = await blobs.stored_bytes(connection, view.owner_id)
        check_quota(storage_bytes, used + view.size_bytes)
    blob = Blob(
        view.owner_id,
        view.blake3,
        media.key,
        view.size_bytes,
        is_verified=True,
        duration_seconds=view.duration_seconds,
        frames_per_second=view.frames_per_second,
    )
    await blobs.store(connection, blob, view.created_at)
    values = view.model_dump(exclude={*OF_BLOB})
    await connection.execute(insert(MEDIA), values)


def check_quota(storage_bytes: int, used: int) -> None:
    if used > storage_bytes:
        raise ForbiddenError(
            f"this would be {used} bytes of {storage_bytes} allowed: "
            "delete media, or ask for a higher limit",
            code="storage_quota",
        )

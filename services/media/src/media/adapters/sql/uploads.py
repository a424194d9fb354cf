"""Uploads under way, and how they become media."""

from dataclasses import asdict
from datetime import timedelta
from uuid import UUID

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from contracts.access import IdempotencyKey
from contracts.errors import ConflictError, ErrorBody, ForbiddenError, NotFoundError
from media.adapters.sql import contents, repeats
from media.adapters.sql.contents import Content
from media.adapters.sql.tables import (
    MEDIA,
    OF_CONTENT,
    UPLOADS,
    as_kept,
    select_kept,
)
from media.domain.records import Kept, Upload
from runtime.postgres.transaction import transaction

UPLOAD, BEGIN = "upload", "begin_upload"
"""Operations that idempotency keys are of."""
COUNTED = timedelta(minutes=15)
"""An upload that was begun takes room as long as its URL lives."""


class SqlUploads:
    def __init__(self, database: AsyncEngine) -> None:
        self._database = database

    async def begin(
        self, upload: Upload, storage_bytes: int, idempotency: IdempotencyKey | None
    ) -> UUID:
        owner = upload.owner_id
        async with transaction(self._database) as connection:
            await contents.lock_owner(connection, owner)
            before = await repeats.made_before(connection, owner, BEGIN, idempotency)
            if before and await is_owned(connection, before, owner):
                return before
            if await is_repeated(connection, upload):
                return upload.media_id
            used = await contents.stored_bytes(connection, upload.owner_id)
            used += await promised_bytes(connection, upload)
            refuse_over(storage_bytes, used + upload.size_bytes)
            await connection.execute(insert(UPLOADS), asdict(upload))
            made = upload.media_id, upload.created_at
            await repeats.remember(connection, owner, BEGIN, idempotency, made)
        return upload.media_id

    async def find(self, media_id: UUID, owner_id: UUID) -> Upload:
        asked = select(UPLOADS).where(
            UPLOADS.c.media_id == media_id, UPLOADS.c.owner_id == owner_id
        )
        async with transaction(self._database) as connection:
            row = (await connection.execute(asked)).mappings().first()
        if row is None:
            raise NotFoundError(f"no upload {media_id} was begun", code="nothing_uploaded")
        refusal = ErrorBody.model_validate(row["refusal"]) if row["refusal"] else None
        return Upload(media_id, owner_id, row["size_bytes"], row["created_at"], refusal)

    async def refuse(self, media_id: UUID, refusal: ErrorBody) -> None:
        note = update(UPLOADS).where(UPLOADS.c.media_id == media_id)
        async with transaction(self._database) as connection:
            await connection.execute(note.values(refusal=refusal.model_dump(mode="json")))

    async def replayed(self, owner_id: UUID, idempotency: IdempotencyKey) -> Kept | None:
        async with transaction(self._database) as connection:
            return await find_repeated(connection, owner_id, idempotency)

    async def keep(
        self, kept: Kept, storage_bytes: int, idempotency: IdempotencyKey | None
    ) -> Kept:
        view = kept.view
        async with transaction(self._database) as connection:
            await contents.lock_owner(connection, view.owner_id)
            stored = await find_kept(connection, view.id)
            if stored is None:
                stored = await find_repeated(connection, view.owner_id, idempotency)
            if stored:
                return stored
            await make(connection, kept, storage_bytes)
            made = view.id, view.created_at
            await repeats.remember(connection, view.owner_id, UPLOAD, idempotency, made)
            await connection.execute(delete(UPLOADS).where(UPLOADS.c.media_id == view.id))
            return await find_kept(connection, view.id) or kept


async def is_owned(connection: AsyncConnection, media_id: UUID, owner_id: UUID) -> bool:
    """Say whether the owner's upload was begun, or is a medium by now."""
    begun = select(UPLOADS.c.owner_id).where(UPLOADS.c.media_id == media_id)
    kept = select(MEDIA.c.owner_id).where(MEDIA.c.id == media_id)
    found = await connection.execute(begun.union(kept))
    return owner_id in found.scalars()


async def is_repeated(connection: AsyncConnection, upload: Upload) -> bool:
    """Say whether this very upload was begun before; an id that is taken is a conflict."""
    begun = select(UPLOADS.c.owner_id).where(UPLOADS.c.media_id == upload.media_id)
    taken = select(MEDIA.c.owner_id).where(MEDIA.c.id == upload.media_id)
    owner = (await connection.execute(begun)).scalar()
    if owner == upload.owner_id:
        return True
    if owner or (await connection.execute(taken)).first():
        raise ConflictError("the id is taken", code="media_id_taken")
    return False


async def promised_bytes(connection: AsyncConnection, upload: Upload) -> int:
    """Sum of the owner's other uploads that may still arrive."""
    total = select(func.coalesce(func.sum(UPLOADS.c.size_bytes), 0)).where(
        UPLOADS.c.owner_id == upload.owner_id,
        UPLOADS.c.refusal.is_(None),
        UPLOADS.c.created_at > upload.created_at - COUNTED,
    )
    return int((await connection.execute(total)).scalar_one())


async def find_kept(connection: AsyncConnection, media_id: UUID) -> Kept | None:
    row = (await connection.execute(select_kept().where(MEDIA.c.id == media_id))).mappings().first()
    return as_kept(row) if row else None


async def find_repeated(
    connection: AsyncConnection, owner_id: UUID, idempotency: IdempotencyKey | None
) -> Kept | None:
    made_id = await repeats.made_before(connection, owner_id, UPLOAD, idempotency)
    return await find_kept(connection, made_id) if made_id else None


async def make(connection: AsyncConnection, kept: Kept, storage_bytes: int) -> None:
    """Store content and medium, if the owner has room for content that is new."""
    view = kept.view
    if not await contents.has(connection, view.owner_id, view.blake3):
        used = await contents.stored_bytes(connection, view.owner_id)
        refuse_over(storage_bytes, used + view.size_bytes)
    content = Content(
        view.owner_id,
        view.blake3,
        kept.key,
        view.size_bytes,
        is_verified=True,
        duration_seconds=view.duration_seconds,
        frames_per_second=view.frames_per_second,
    )
    await contents.store(connection, content, view.created_at)
    values = view.model_dump(exclude={*OF_CONTENT})
    await connection.execute(insert(MEDIA), values)


def refuse_over(storage_bytes: int, used: int) -> None:
    if used > storage_bytes:
        raise ForbiddenError(
            f"this would be {used} bytes of {storage_bytes} allowed: "
            "delete media, or ask for more room",
            code="storage_quota",
        )

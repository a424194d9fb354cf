"""Stores blobs: an owner's identical bytes are one row and one object."""

from dataclasses import asdict, dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, func, select, text, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from media.adapters.sql.tables import BLOBS, RENDITIONS, of_blob

LOCK = text("SELECT pg_advisory_xact_lock(hashtext(current_schema()), hashtext(:owner))")
"""Services share a database, and so its advisory locks: the schema tells them apart."""


@dataclass(frozen=True, slots=True)
class Blob:
    """One object in the store. `is_verified`: media computed the digest itself."""

    owner_id: UUID
    blake3: str
    key: str
    size_bytes: int
    is_verified: bool
    duration_seconds: float | None = None
    frames_per_second: float | None = None


async def lock_owner(connection: AsyncConnection, owner_id: UUID) -> None:
    """Let one transaction at a time change the owner's blobs, so that sums stay true."""
    await connection.execute(LOCK, {"owner": str(owner_id)})


async def stored_bytes(connection: AsyncConnection, owner_id: UUID) -> int:
    total = select(func.coalesce(func.sum(BLOBS.c.size_bytes), 0)).where(
        BLOBS.c.owner_id == owner_id
    )
    return int((await connection.execute(total)).scalar_one())


async def is_stored(connection: AsyncConnection, owner_id: UUID, blake3: str) -> bool:
    found = select(BLOBS.c.key).where(of_blob(BLOBS, owner_id, blake3))
    return (await connection.execute(found)).first() is not None


async def store(connection: AsyncConnection, blob: Blob, now: datetime) -> None:
    """Add the blob, or use the one stored under its digest. The caller locks the owner.

    A digest that an agent only reported gives way to the first upload that proves it, so an
    agent cannot put other bytes in the place of its owner's later upload.
    """
    values = asdict(blob)
    insert = upsert(BLOBS).values(**values, used_at=now)
    touch = insert.on_conflict_do_update(
        index_elements=[BLOBS.c.owner_id, BLOBS.c.blake3], set_={"used_at": now}
    )
    was_verified = (await connection.execute(touch.returning(BLOBS.c.is_verified))).scalar_one()
    if blob.is_verified and not was_verified:
        replace = update(BLOBS).where(of_blob(BLOBS, blob.owner_id, blob.blake3))
        stale = delete(RENDITIONS).where(of_blob(RENDITIONS, blob.owner_id, blob.blake3))
        # The preview was made of the other bytes.
        await connection.execute(stale)
        unseen = dict.fromkeys(("prepared_at", "problem", "frame_count", "placeholder"))
        unseen |= {"tries": 0, "try_at": now}
        await connection.execute(replace.values(**values, **unseen))

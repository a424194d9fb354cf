"""Share links of media."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from contracts.access import IdempotencyKey
from contracts.errors import ConflictError, NotFoundError
from contracts.media.library import LinkView
from media.adapters.sql.repeats import made_before, remember
from media.adapters.sql.tables import LINKS, MEDIA
from runtime.postgres.transaction import transaction

SHARE = "share_media"
"""The operation that idempotency keys are of."""


class SqlLinks:
    def __init__(self, database: AsyncEngine) -> None:
        self._database = database

    async def add(
        self, link: LinkView, most: int, owner_id: UUID, idempotency: IdempotencyKey | None
    ) -> LinkView:
        medium = select(MEDIA.c.id).where(MEDIA.c.id == link.media_id).with_for_update()
        open_ = select(func.count()).where(
            LINKS.c.media_id == link.media_id, LINKS.c.expires_at > link.created_at
        )
        async with transaction(self._database) as connection:
            if (await connection.execute(medium)).first() is None:
                raise NotFoundError(f"there is no medium {link.media_id}")
            before = await made_before(connection, owner_id, SHARE, idempotency)
            known = await find(connection, [link.id, *([before] if before else [])])
            if known:
                if known.media_id != link.media_id:
                    raise ConflictError("the id is taken", code="link_id_taken")
                return known
            if (await connection.execute(open_)).scalar_one() >= most:
                text = f"at most {most} links can be open"
                raise ConflictError(text, code="too_many_links")
            await connection.execute(insert(LINKS), link.model_dump())
            await remember(connection, owner_id, SHARE, idempotency, (link.id, link.created_at))
        return link

    async def of(self, media_id: UUID, now: datetime) -> list[LinkView]:
        asked = select(LINKS).where(LINKS.c.media_id == media_id, LINKS.c.expires_at > now)
        newest_first = asked.order_by(LINKS.c.created_at.desc(), LINKS.c.id.desc())
        async with transaction(self._database) as connection:
            rows = (await connection.execute(newest_first)).mappings().all()
        return [LinkView.model_validate(dict(row)) for row in rows]

    async def opens(self, link_id: UUID, media_id: UUID, now: datetime) -> bool:
        asked = select(LINKS.c.id).where(
            LINKS.c.id == link_id, LINKS.c.media_id == media_id, LINKS.c.expires_at > now
        )
        async with transaction(self._database) as connection:
            return (await connection.execute(asked)).first() is not None

    async def drop(self, link_id: UUID, media_id: UUID) -> None:
        mine = (LINKS.c.id == link_id) & (LINKS.c.media_id == media_id)
        async with transaction(self._database) as connection:
            await connection.execute(delete(LINKS).where(mine))


async def find(connection: AsyncConnection, link_ids: list[UUID]) -> LinkView | None:
    asked = select(LINKS).where(LINKS.c.id.in_(link_ids))
    row = (await connection.execute(asked)).mappings().first()
    return LinkView.model_validate(dict(row)) if row else None

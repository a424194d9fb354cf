"""All media, whoever made them."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    func,
    literal,
    or_,
    select,
    tuple_,
    update,
)
from sqlalchemy.ext.asyncio import AsyncEngine

from contracts.errors import NotFoundError
from contracts.media.files import MediaView
from contracts.media.library import ListMedia
from media.adapters.sql import contents
from media.adapters.sql.tables import MEDIA, as_kept, select_kept
from media.domain.gallery import Place
from media.domain.records import Kept
from runtime.postgres.transaction import transaction


class SqlLibrary:
    def __init__(self, database: AsyncEngine) -> None:
        self._database = database

    async def find(self, media_ids: Sequence[UUID], owner_id: UUID) -> list[Kept]:
        if not media_ids:
            return []
        asked = select_kept().where(MEDIA.c.id.in_(media_ids), MEDIA.c.owner_id == owner_id)
        async with transaction(self._database) as connection:
            rows = (await connection.execute(asked)).mappings().all()
        found = {kept.view.id: kept for kept in map(as_kept, rows)}
        return [found[media_id] for media_id in dict.fromkeys(media_ids) if media_id in found]

    async def get(self, media_id: UUID) -> Kept | None:
        asked = select_kept().where(MEDIA.c.id == media_id)
        async with transaction(self._database) as connection:
            row = (await connection.execute(asked)).mappings().first()
        return as_kept(row) if row else None

    async def page(self, query: ListMedia, after: Place | None) -> list[MediaView]:
        place = tuple_(MEDIA.c.created_at, MEDIA.c.id)
        asked = select_kept().where(*conditions(query))
        if after:
            asked = asked.where(place < tuple_(*map(literal, after)))
        asked = asked.order_by(MEDIA.c.created_at.desc(), MEDIA.c.id.desc())
        async with transaction(self._database) as connection:
            rows = (await connection.execute(asked.limit(query.limit + 1))).mappings().all()
        return [as_kept(row).view for row in rows]

    async def change(self, media_id: UUID, owner_id: UUID, changes: Mapping[str, Any]) -> MediaView:
        mine = (MEDIA.c.id == media_id) & (MEDIA.c.owner_id == owner_id)
        async with transaction(self._database) as connection:
            if changes:
                await connection.execute(update(MEDIA).where(mine).values(**changes))
            row = (await connection.execute(select_kept().where(mine))).mappings().first()
        if row is None:
            raise NotFoundError(f"there is no medium {media_id}")
        return as_kept(row).view

    async def storage(self, owner_id: UUID) -> tuple[int, dict[str, int]]:
        kinds = (
            select(MEDIA.c.kind, func.count())
            .where(MEDIA.c.owner_id == owner_id)
            .group_by(MEDIA.c.kind)
        )
        async with transaction(self._database) as connection:
            stored = await contents.stored_bytes(connection, owner_id)
            rows = (await connection.execute(kinds)).all()
        return stored, {row[0]: int(row[1]) for row in rows}


def conditions(query: ListMedia) -> list[ColumnElement[bool]]:
    where = [MEDIA.c.owner_id == query.actor.user_id]
    if query.kind:
        where.append(MEDIA.c.kind.in_(query.kind))
    if query.workflow:
        exact = "@" in query.workflow
        column = MEDIA.c.workflow if exact else func.split_part(MEDIA.c.workflow, "@", 1)
        where.append(column == query.workflow)
    if query.label:
        where.append(labelled(*query.label.partition("=")))
    if query.text:
        where.append(mentions(query.text))
    if query.is_favorite is not None:
        where.append(MEDIA.c.is_favorite == query.is_favorite)
    if query.job_id:
        where.append(MEDIA.c.job_id == query.job_id)
    return where


def labelled(key: str, has_value: str, value: str) -> ColumnElement[bool]:
    return MEDIA.c.labels.contains({key: value}) if has_value else MEDIA.c.labels.has_key(key)


def mentions(text: str) -> ColumnElement[bool]:
    label = func.jsonb_each_text(MEDIA.c.labels).table_valued("key", "value")
    value = select(label.c.value).where(label.c.value.icontains(text, autoescape=True))
    columns = (MEDIA.c.filename, MEDIA.c.workflow)
    named = (column.icontains(text, autoescape=True) for column in columns)
    return or_(*named, value.correlate(MEDIA).exists())

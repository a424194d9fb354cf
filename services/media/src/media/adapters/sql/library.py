"""Reads and changes media and their share links."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    delete,
    func,
    insert,
    literal,
    or_,
    select,
    tuple_,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from contracts.access import IdempotencyKey
from contracts.errors import ConflictError, NotFoundError
from contracts.media.files import MediaView
from contracts.media.library import LinkView, ListMedia
from media.adapters.sql import blobs
from media.adapters.sql.idempotency import find_made, remember
from media.adapters.sql.tables import LINKS, MEDIA, from_row, select_media, stored_media
from media.domain.records import StoredMedia
from runtime.cursor import Place
from runtime.postgres.transaction import transaction

SHARE = "share_media"
"""The operation to which idempotency keys of links belong."""


class SqlLibrary:
    def __init__(self, database: AsyncEngine) -> None:
        self._database = database

    async def find(self, media_ids: Sequence[UUID], owner_id: UUID) -> list[StoredMedia]:
        if not media_ids:
            return []
        query = select_media().where(MEDIA.c.id.in_(media_ids), MEDIA.c.owner_id == owner_id)
        async with transaction(self._database) as connection:
            rows = (await connection.execute(query)).mappings().all()
        found = {media.view.id: media for media in map(stored_media, rows)}
        return [found[media_id] for media_id in dict.fromkeys(media_ids) if media_id in found]

    async def get(self, media_id: UUID) -> StoredMedia | None:
        async with transaction(self._database) as connection:
            return await find_media(connection, media_id)

    async def page(self, query: ListMedia, after: Place | None) -> list[MediaView]:
        selected = select_media().where(*conditions(query))
        if after:
            place = tuple_(MEDIA.c.created_at, MEDIA.c.id)
            selected = selected.where(place < tuple_(*map(literal, after)))
        selected = selected.order_by(MEDIA.c.created_at.desc(), MEDIA.c.id.desc())
        async with transaction(self._database) as connection:
            rows = (await connection.execute(selected.limit(query.limit + 1))).mappings().all()
        return [from_row(MediaView, row) for row in rows]

    async def change(self, media_id: UUID, owner_id: UUID, changes: Mapping[str, Any]) -> MediaView:
        mine = (MEDIA.c.id == media_id) & (MEDIA.c.owner_id == owner_id)
        async with transaction(self._database) as connection:
            if changes:
                await connection.execute(update(MEDIA).where(mine).values(**changes))
            row = (await connection.execute(select_media().where(mine))).mappings().first()
        if row is None:
            raise NotFoundError(f"there is no media {media_id}")
        return from_row(MediaView, row)

    async def storage(self, owner_id: UUID) -> tuple[int, dict[str, int]]:
        kinds = (
            select(MEDIA.c.kind, func.count())
            .where(MEDIA.c.owner_id == owner_id)
            .group_by(MEDIA.c.kind)
        )
        async with transaction(self._database) as connection:
            stored = await blobs.stored_bytes(connection, owner_id)
            rows = (await connection.execute(kinds)).all()
        return stored, {row[0]: int(row[1]) for row in rows}

    async def add_link(
        self, link: LinkView, max_open: int, owner_id: UUID, idempotency: IdempotencyKey | None
    ) -> LinkView:
        media = select(MEDIA.c.id).where(MEDIA.c.id == link.media_id).with_for_update()
        async with transaction(self._database) as connection:
            if (await connection.execute(media)).first() is None:
                raise NotFoundError(f"there is no media {link.media_id}")
            made = await find_made(connection, owner_id, SHARE, idempotency)
            if known := await find_link(connection, [link.id, *([made] if made else [])]):
                if known.media_id != link.media_id:
                    raise ConflictError("the id is taken", code="link_id_taken")
                return known
            opened = select(func.count()).where(*is_open(link.media_id, link.created_at))
            if (await connection.execute(opened)).scalar_one() >= max_open:
                text = f"at most {max_open} links can be open"
                raise ConflictError(text, code="too_many_links")
            await connection.execute(insert(LINKS), link.model_dump())
            await remember(connection, owner_id, SHARE, idempotency, (link.id, link.created_at))
        return link

    async def open_links(self, media_id: UUID, now: datetime) -> list[LinkView]:
        query = select(LINKS).where(*is_open(media_id, now))
        newest_first = query.order_by(LINKS.c.created_at.desc(), LINKS.c.id.desc())
        async with transaction(self._database) as connection:
            rows = (await connection.execute(newest_first)).mappings().all()
        return [from_row(LinkView, row) for row in rows]

    async def is_link_open(self, link_id: UUID, media_id: UUID, now: datetime) -> bool:
        query = select(LINKS.c.id).where(LINKS.c.id == link_id, *is_open(media_id, now))
        async with transaction(self._database) as connection:
            return (await connection.execute(query)).first() is not None

    async def remove_link(self, link_id: UUID, media_id: UUID) -> None:
        mine = (LINKS.c.id == link_id) & (LINKS.c.media_id == media_id)
        async with transaction(self._database) as connection:
            await connection.execute(delete(LINKS).where(mine))


async def find_media(connection: AsyncConnection, media_id: UUID) -> StoredMedia | None:
    query = select_media().where(MEDIA.c.id == media_id)
    row = (await connection.execute(query)).mappings().first()
    return stored_media(row) if row else None


async def find_link(connection: AsyncConnection, link_ids: list[UUID]) -> LinkView | None:
    query = select(LINKS).where(LINKS.c.id.in_(link_ids))
    row = (await connection.execute(query)).mappings().first()
    return from_row(LinkView, row) if row else None


def is_open(media_id: UUID, now: datetime) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return LINKS.c.media_id == media_id, LINKS.c.expires_at > now


def conditions(query: ListMedia) -> list[ColumnElement[bool]]:
    where = [MEDIA.c.owner_id == query.actor.user_id]
    if query.kind:
        where.append(MEDIA.c.kind.in_(query.kind))
    if query.workflow:
        exact = "@" in query.workflow
        column = MEDIA.c.workflow if exact else func.split_part(MEDIA.c.workflow, "@", 1)
        where.append(column == query.workflow)
    if query.label:
        where.append(has_label(*query.label.partition("=")))
    if query.text:
        where.append(contains(query.text))
    if query.is_favorite is not None:
        where.append(MEDIA.c.is_favorite == query.is_favorite)
    if query.job_id:
        where.append(MEDIA.c.job_id == query.job_id)
    return where


def has_label(key: str, has_value: str, value: str) -> ColumnElement[bool]:
    return MEDIA.c.labels.contains({key: value}) if has_value else MEDIA.c.labels.has_key(key)


def contains(text: str) -> ColumnElement[bool]:
    """Look for the text in the names of file and workflow and in the values of labels."""
    label = func.jsonb_each_text(MEDIA.c.labels).table_valued("key", "value")
    value = select(label.c.value).where(label.c.value.icontains(text, autoescape=True))
    columns = (MEDIA.c.filename, MEDIA.c.workflow)
    named = (column.icontains(text, autoescape=True) for column in columns)
    return or_(*named, value.correlate(MEDIA).exists())

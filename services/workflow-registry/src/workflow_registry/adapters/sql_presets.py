"""Presets on Postgres."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, and_, delete, func, insert, or_, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from contracts.access import IdempotencyKey
from contracts.errors import ConflictError, NotFoundError
from contracts.registry.presets import MOST_PRESETS, ListPresets, PresetSettings, PresetView
from runtime.cursor import Place
from runtime.postgres.transaction import transaction
from workflow_registry.adapters.tables import presets

KEPT_FOR = timedelta(hours=24)
"""So long an idempotency key names what it made."""


class SqlPresets:
    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def add(self, preset: PresetView, key: IdempotencyKey | None) -> PresetView:
        async with transaction(self._engine) as connection:
            await lock(connection, preset.owner_id)
            if key and (made := await made_by(connection, preset, key)):
                return made
            if known := await row_of(connection, preset.id):
                return repeated(known, preset)
            mine = select(func.count()).where(presets.c.owner_id == preset.owner_id)
            if (await connection.scalar(mine) or 0) >= MOST_PRESETS:
                text = f"you have {MOST_PRESETS} presets, as many as one user may: delete some"
                raise ConflictError(text, code="too_many_presets")
            used = {"idempotency_key": key.key, "body_digest": key.body_digest} if key else {}
            await connection.execute(insert(presets).values(**preset.model_dump(), **used))
        return preset

    async def find(self, preset_id: UUID, user_id: UUID) -> PresetView:
        async with transaction(self._engine) as connection:
            row = await row_of(connection, preset_id, visible_to(user_id))
        return found(row)

    async def change(
        self, preset_id: UUID, owner_id: UUID, changes: dict[str, Any], now: datetime
    ) -> PresetView:
        is_own = and_(presets.c.id == preset_id, presets.c.owner_id == owner_id)
        changed = update(presets).where(is_own).values(**changes, changed_at=now)
        async with transaction(self._engine) as connection:
            row = (await connection.execute(changed.returning(*presets.c))).first()
        return found(row)

    async def delete(self, preset_id: UUID, owner_id: UUID) -> None:
        is_own = and_(presets.c.id == preset_id, presets.c.owner_id == owner_id)
        async with transaction(self._engine) as connection:
            await connection.execute(delete(presets).where(is_own))

    async def page(self, query: ListPresets, after: Place | None) -> list[PresetView]:
        """Return one more than a page has, if there are more."""
        user_id, place = query.actor.user_id, (presets.c.created_at, presets.c.id)
        wanted = select(presets).where(visible_to(user_id))
        if query.is_own is not None:
            is_own = presets.c.owner_id == user_id
            wanted = wanted.where(is_own if query.is_own else ~is_own)
        if query.workflow:
            name = func.split_part(presets.c.workflow, "@", 1)
            wanted = wanted.where(name == query.workflow.partition("@")[0])
        if after:
            wanted = wanted.where(tuple_(*place) < after)
        wanted = wanted.order_by(*(column.desc() for column in place)).limit(query.limit + 1)
        async with transaction(self._engine) as connection:
            return [view_of(row) for row in await connection.execute(wanted)]


async def lock(connection: AsyncConnection, owner_id: UUID) -> None:
    """Let other creations of this owner wait: they are counted, and keys are looked up."""
    await connection.execute(select(func.pg_advisory_xact_lock(func.hashtext(str(owner_id)))))


async def made_by(
    connection: AsyncConnection, preset: PresetView, key: IdempotencyKey
) -> PresetView | None:
    """Return what the key made; an old key is forgotten, and makes a new preset."""
    has_key = and_(presets.c.owner_id == preset.owner_id, presets.c.idempotency_key == key.key)
    row = (await connection.execute(select(presets).where(has_key))).first()
    if row is None:
        return None
    if row.created_at < preset.created_at - KEPT_FOR:
        forgotten = update(presets).where(has_key).values(idempotency_key=None, body_digest=None)
        await connection.execute(forgotten)
        return None
    key.refuse_other_body(row.body_digest)
    return view_of(row)


async def row_of(
    connection: AsyncConnection, preset_id: UUID, *conditions: ColumnElement[bool]
) -> Row[Any] | None:
    wanted = select(presets).where(presets.c.id == preset_id, *conditions)
    return (await connection.execute(wanted)).first()


def visible_to(user_id: UUID) -> ColumnElement[bool]:
    return or_(presets.c.owner_id == user_id, presets.c.is_shared)


def repeated(known: Row[Any], preset: PresetView) -> PresetView:
    """Return the preset of an earlier try of the same command."""
    view = view_of(known)
    if settings_of(view) != settings_of(preset) or view.owner_id != preset.owner_id:
        raise ConflictError("the id belongs to another preset", code="preset_id_taken")
    return view


def settings_of(preset: PresetView) -> PresetSettings:
    return PresetSettings.model_validate(preset.model_dump())


def found(row: Row[Any] | None) -> PresetView:
    if row is None:
        raise NotFoundError("there is no such preset")
    return view_of(row)


def view_of(row: Row[Any]) -> PresetView:
    names = PresetView.model_fields
    return PresetView.model_validate({name: getattr(row, name) for name in names})

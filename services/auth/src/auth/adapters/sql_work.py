"""The unit of work on Postgres."""

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Executable, RowMapping, Table, delete, func, insert, select, text
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from auth.adapters.tables import audit, sessions, signing_keys, users
from auth.domain.audit import KEPT_DAYS, MAX_ROWS, AuditEntry
from auth.domain.keyring import Key
from auth.domain.sessions import ENDED_KEPT, MAX_PER_USER, Session
from auth.domain.users import User
from contracts.access import Limits
from contracts.services import KEYS, PRINCIPALS
from runtime.outbox import messages as outbox
from runtime.postgres.retention_clock import READ, trusted
from runtime.postgres.transaction import transaction

ENDED = select(sessions.c.user_id, sessions.c.id).where(sessions.c.ended_at.is_not(None))


class SqlWork:
    """One transaction on one connection."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def lock(self) -> None:
        await outbox.lock_writers(self._connection)

    async def user(self, user_id: UUID) -> User | None:
        row = await self._one(select(users).where(users.c.id == user_id))
        return as_user(row) if row else None

    async def user_by_email(self, email: str) -> User | None:
        row = await self._one(select(users).where(users.c.email == email))
        return as_user(row) if row else None

    async def users(self) -> list[User]:
        rows = await self._connection.execute(select(users))
        return [as_user(row) for row in rows.mappings()]

    async def save_user(self, user: User) -> None:
        values = asdict(user) | {"limits": user.limits.model_dump(mode="json")}
        await self._save(users, values)
        await self._publish_principal(user)

    async def session(self, session_id: UUID) -> Session | None:
        is_open = sessions.c.ended_at.is_(None)
        found = select(sessions).where(sessions.c.id == session_id, is_open)
        row = await self._one(found.with_for_update())
        return Session(**row) if row else None

    async def save_session(self, session: Session) -> None:
        await self._save(sessions, asdict(session))

    async def end_session(self, session: Session, now: datetime) -> None:
        await self.save_session(replace(session, ended_at=now))
        if user := await self.user(session.user_id):
            await self._publish_principal(user)

    async def ended_sessions(self) -> dict[UUID, list[UUID]]:
        """Return the ended sessions whose access tokens may still be valid, by user."""
        found: dict[UUID, list[UUID]] = {}
        for user_id, session_id in await self._connection.execute(ENDED):
            found.setdefault(user_id, []).append(session_id)
        return found

    async def delete_sessions(self, user_id: UUID) -> None:
        await self._connection.execute(delete(sessions).where(sessions.c.user_id == user_id))

    async def keys(self) -> list[Key]:
        rows = await self._connection.execute(select(signing_keys))
        return [Key(**row) for row in rows.mappings()]

    async def add_key(self, key: Key) -> None:
        await self._connection.execute(insert(signing_keys), asdict(key))
        await self.publish([outbox.put(KEYS, key.id, key.published())])

    async def delete_key(self, key: Key) -> None:
        await self._connection.execute(delete(signing_keys).where(signing_keys.c.id == key.id))
        await self.publish([outbox.delete(KEYS, key.id)])

    async def add_entry(self, entry: AuditEntry, now: datetime) -> None:
        await self._connection.execute(insert(audit), {"at": now, **asdict(entry)})

    async def prune(self, now: datetime) -> None:
        reading = await self._connection.execute(text(READ))
        now = min(now, trusted(reading.mappings().one()))
        is_open = sessions.c.ended_at.is_(None)
        newest_first = func.row_number().over(
            partition_by=sessions.c.user_id, order_by=sessions.c.id.desc()
        )
        ranked = select(sessions.c.id, newest_first.label("rank")).where(is_open).subquery()
        surplus = select(ranked.c.id).where(ranked.c.rank > MAX_PER_USER)
        newest_entry = select(func.max(audit.c.id)).scalar_subquery()
        for statement in (
            delete(sessions).where(sessions.c.expires_at <= now),
            delete(sessions).where(sessions.c.ended_at <= now - ENDED_KEPT),
            delete(sessions).where(sessions.c.id.in_(surplus)),
            delete(audit).where(audit.c.at < now - timedelta(days=KEPT_DAYS)),
            delete(audit).where(audit.c.id <= newest_entry - MAX_ROWS),
        ):
            await self._connection.execute(statement)

    async def publish(self, messages: list[outbox.Outgoing]) -> None:
        await outbox.append(self._connection, messages)

    async def _publish_principal(self, user: User) -> None:
        statement = ENDED.where(sessions.c.user_id == user.id)
        ended = [session_id for _, session_id in await self._connection.execute(statement)]
        await self.publish([outbox.put(PRINCIPALS, str(user.id), user.principal(ended))])

    async def _save(self, table: Table, values: dict[str, Any]) -> None:
        statement = upsert(table).values(values)
        changes = {name: statement.excluded[name] for name in values if name != "id"}
        await self._connection.execute(
            statement.on_conflict_do_update(index_elements=["id"], set_=changes)
        )

    async def _one(self, statement: Executable) -> RowMapping | None:
        return (await self._connection.execute(statement)).mappings().one_or_none()


def as_user(row: RowMapping) -> User:
    values: dict[str, Any] = dict(row)
    values["limits"] = Limits.model_validate(values["limits"])
    return User(**values)


class SqlUnitOfWork:
    """Opens transactions, and notifies the relay after each, since it may have left messages."""

    def __init__(self, engine: AsyncEngine, committed: Callable[[], None]) -> None:
        self._engine = engine
        self._committed = committed

    @asynccontextmanager
    async def __call__(self) -> AsyncGenerator[SqlWork, None]:
        async with transaction(self._engine) as connection:
            yield SqlWork(connection)
        self._committed()

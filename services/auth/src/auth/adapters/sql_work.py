"""The unit of work on Postgres."""

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, Table, delete, insert, select, text
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from auth.adapters import tables
from auth.domain.audit import Entry
from auth.domain.keyring import Key
from auth.domain.sessions import Session
from auth.domain.users import User
from contracts.access import Limits
from contracts.services import KEYS, PRINCIPALS
from runtime.outbox import messages as outbox
from runtime.postgres.transaction import transaction

ALONE = text("SELECT pg_advisory_xact_lock(hashtext(current_schema()), 1)")
"""Advisory locks are the database's, which services share: the schema tells them apart."""


class SqlWork:
    """One transaction on one connection."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def alone(self) -> None:
        await self._connection.execute(ALONE)

    async def user(self, user_id: UUID) -> User | None:
        row = await self._one(select(tables.users).where(tables.users.c.id == user_id))
        return as_user(row) if row else None

    async def user_by_email(self, email: str) -> User | None:
        row = await self._one(select(tables.users).where(tables.users.c.email == email))
        return as_user(row) if row else None

    async def users(self) -> list[User]:
        rows = await self._connection.execute(select(tables.users))
        return [as_user(row) for row in rows.mappings()]

    async def save_user(self, user: User) -> None:
        values = asdict(user) | {"limits": user.limits.model_dump(mode="json")}
        await self._save(tables.users, values)
        await self.publish([outbox.put(PRINCIPALS, str(user.id), user.principal())])

    async def session(self, session_id: UUID) -> Session | None:
        found = select(tables.sessions).where(tables.sessions.c.id == session_id)
        row = await self._one(found.with_for_update())
        return Session(**row) if row else None

    async def save_session(self, session: Session) -> None:
        await self._save(tables.sessions, asdict(session))

    async def drop_session(self, session_id: UUID) -> None:
        statement = delete(tables.sessions).where(tables.sessions.c.id == session_id)
        await self._connection.execute(statement)

    async def drop_sessions(self, user_id: UUID) -> None:
        statement = delete(tables.sessions).where(tables.sessions.c.user_id == user_id)
        await self._connection.execute(statement)

    async def keys(self) -> list[Key]:
        rows = await self._connection.execute(select(tables.signing_keys))
        return [Key(**row) for row in rows.mappings()]

    async def add_key(self, key: Key) -> None:
        await self._connection.execute(insert(tables.signing_keys), asdict(key))
        await self.publish([outbox.put(KEYS, key.id, key.published())])

    async def drop_key(self, key: Key) -> None:
        statement = delete(tables.signing_keys).where(tables.signing_keys.c.id == key.id)
        await self._connection.execute(statement)
        await self.publish([outbox.delete(KEYS, key.id)])

    async def record(self, entry: Entry, now: datetime) -> None:
        values = {"at": now, "fact": entry.fact, "user_id": entry.user_id, "detail": entry.detail}
        await self._connection.execute(insert(tables.audit), values)

    async def publish(self, messages: list[outbox.Outgoing]) -> None:
        await outbox.append(self._connection, messages)

    async def _save(self, table: Table, values: dict[str, Any]) -> None:
        statement = upsert(table).values(values)
        changes = {name: statement.excluded[name] for name in values if name != "id"}
        await self._connection.execute(
            statement.on_conflict_do_update(index_elements=["id"], set_=changes)
        )

    async def _one(self, statement: Any) -> RowMapping | None:
        return (await self._connection.execute(statement)).mappings().one_or_none()


def as_user(row: RowMapping) -> User:
    values: dict[str, Any] = dict(row)
    values["limits"] = Limits.model_validate(values["limits"])
    return User(**values)


class SqlUnitOfWork:
    """Opens transactions, and tells the relay after each that one may have left messages."""

    def __init__(self, engine: AsyncEngine, committed: Callable[[], None]) -> None:
        self._engine = engine
        self._committed = committed

    @asynccontextmanager
    async def __call__(self) -> AsyncGenerator[SqlWork, None]:
        async with transaction(self._engine) as connection:
            yield SqlWork(connection)
        self._committed()

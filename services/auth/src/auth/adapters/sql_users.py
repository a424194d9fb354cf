"""Rows of users, and the principals that are published of them."""

from dataclasses import asdict
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, select

from auth.adapters.sql_rows import SqlRows
from auth.adapters.tables import sessions, users
from auth.domain.users import User
from contracts.access import Limits
from contracts.services import PRINCIPALS
from runtime.outbox import messages as outbox

ENDED = select(sessions.c.user_id, sessions.c.id).where(sessions.c.ended_at.is_not(None))


class SqlUsers(SqlRows):
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

    async def ended_sessions(self) -> dict[UUID, list[UUID]]:
        """Return the ended sessions whose access tokens may still be valid, by user."""
        found: dict[UUID, list[UUID]] = {}
        for user_id, session_id in await self._connection.execute(ENDED):
            found.setdefault(user_id, []).append(session_id)
        return found

    async def _publish_principal(self, user: User) -> None:
        statement = ENDED.where(sessions.c.user_id == user.id)
        ended = [session_id for _, session_id in await self._connection.execute(statement)]
        await self.publish([outbox.put(PRINCIPALS, str(user.id), user.principal(ended))])


def as_user(row: RowMapping) -> User:
    values: dict[str, Any] = dict(row)
    values["limits"] = Limits.model_validate(values["limits"])
    return User(**values)

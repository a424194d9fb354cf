"""Rows of users, and the principals that are published of them."""

from collections import defaultdict
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    RowMapping,
    delete,
    insert,
    literal,
    or_,
    select,
    tuple_,
)

from auth.adapters.sql_rows import SqlRows
from auth.adapters.tables import api_keys, erased_users, roles, sessions, users
from auth.domain.api_keys import ApiKey
from auth.domain.roles import ADMIN, Role, role_from
from auth.domain.users import User
from contracts.access import LimitOverrides
from contracts.auth.principals import Principal, PublishedApiKey
from contracts.auth.users import ListUsers, UserKind
from contracts.services import PRINCIPALS
from runtime.cursor import Place
from runtime.outbox import messages as outbox

USERS = select(users, roles.c.content).outerjoin(roles, roles.c.name == users.c.role)
ENDED = select(sessions.c.user_id, sessions.c.id).where(sessions.c.ended_at.is_not(None))


class SqlUsers(SqlRows):
    async def user(self, user_id: UUID) -> User | None:
        row = await self._one(USERS.where(users.c.id == user_id))
        return as_user(row) if row else None

    async def user_by_email(self, email: str) -> User | None:
        row = await self._one(USERS.where(users.c.email == email))
        return as_user(row) if row else None

    async def user_page(self, query: ListUsers, after: Place | None) -> list[User]:
        newest_first = users.c.created_at.desc(), users.c.id.desc()
        found = USERS.where(*conditions(query)).order_by(*newest_first)
        if after:
            place = tuple_(users.c.created_at, users.c.id)
            found = found.where(place < tuple_(*map(literal, after)))
        rows = await self._connection.execute(found.limit(query.limit + 1))
        return [as_user(row) for row in rows.mappings()]

    async def administrators(self) -> list[User]:
        found = USERS.where(users.c.role == ADMIN, users.c.is_blocked.is_(False))
        rows = (await self._connection.execute(found)).mappings()
        return [user for row in rows if (user := as_user(row)).is_administrator]

    async def is_erased(self, user_id: UUID) -> bool:
        found = select(erased_users.c.id).where(erased_users.c.id == user_id)
        return await self._one(found) is not None

    async def erase_user(self, user: User, now: datetime) -> None:
        await self._connection.execute(insert(erased_users), {"id": user.id, "erased_at": now})
        await self._connection.execute(delete(users).where(users.c.id == user.id))
        await self.publish([outbox.delete(PRINCIPALS, str(user.id))])

    async def save_user(self, user: User) -> None:
        values = {column.name: getattr(user, column.name) for column in users.c}
        values["role"] = user.role.name
        values["limits"] = user.own_limits.model_dump(mode="json", exclude_none=True)
        await self._save(users, values)
        await self._publish_principal(user.id)

    async def principals(self, *chosen: ColumnElement[bool]) -> list[Principal]:
        """Return the principals of all users whose rows meet these conditions."""
        ids = select(users.c.id).where(*chosen)
        ended = ENDED.where(sessions.c.user_id.in_(ids))
        keys = select(api_keys).where(api_keys.c.user_id.in_(ids)).order_by(api_keys.c.id)
        ended_of: defaultdict[UUID, list[UUID]] = defaultdict(list)
        for owner_id, session_id in await self._connection.execute(ended):
            ended_of[owner_id].append(session_id)
        keys_of: defaultdict[UUID, list[PublishedApiKey]] = defaultdict(list)
        for row in (await self._connection.execute(keys)).mappings():
            keys_of[row["user_id"]].append(ApiKey(**row).published())
        rows = (await self._connection.execute(USERS.where(*chosen))).mappings()
        return [as_user(row).principal(ended_of[row["id"]], keys_of[row["id"]]) for row in rows]

    async def _publish_principals_of_role(self, role: Role) -> None:
        await self._publish_principals(users.c.role == role.name)

    async def _publish_principal(self, user_id: UUID) -> None:
        await self._publish_principals(users.c.id == user_id)

    async def _publish_principals(self, *chosen: ColumnElement[bool]) -> None:
        found = await self.principals(*chosen)
        await self.publish([outbox.put(PRINCIPALS, str(one.user_id), one) for one in found])


def conditions(query: ListUsers) -> list[ColumnElement[bool]]:
    where: list[ColumnElement[bool]] = []
    if query.text:
        columns = (users.c.email, users.c.name)
        where.append(or_(*(column.icontains(query.text, autoescape=True) for column in columns)))
    if query.role is not None:
        where.append(users.c.role == query.role)
    if query.kind is not None:
        where.append(users.c.kind == query.kind)
    if query.is_blocked is not None:
        where.append(users.c.is_blocked == query.is_blocked)
    return where


def as_user(row: RowMapping) -> User:
    values: dict[str, Any] = dict(row)
    values["role"] = role_from(values["role"], values.pop("content"))
    values["kind"] = UserKind(values["kind"])
    values["own_limits"] = LimitOverrides.model_validate(values.pop("limits"))
    return User(**values)

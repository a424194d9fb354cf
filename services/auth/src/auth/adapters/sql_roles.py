"""Rows of roles; a change of one is published with the principals of its users."""

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert as upsert

from auth.adapters.sql_users import SqlUsers
from auth.adapters.tables import roles, users
from auth.domain.roles import BUILT_IN, Role, role_from


class SqlRoles(SqlUsers):
    async def role(self, name: str) -> Role | None:
        if name in BUILT_IN:
            return BUILT_IN[name]
        return next((role for role in await self.roles() if role.name == name), None)

    async def roles(self) -> list[Role]:
        rows = await self._connection.execute(select(roles).order_by(roles.c.name))
        return [
            role_from(
                row["name"],
                row["content"],
                created_at=row["created_at"],
                request_id=row["request_id"],
            )
            for row in rows.mappings()
        ]

    async def save_role(self, role: Role) -> None:
        made = {"created_at": role.created_at, "request_id": role.request_id}
        values = {"name": role.name, "content": role.stored(), **made}
        insert = upsert(roles).values(values)
        changes = {"content": insert.excluded.content}
        await self._connection.execute(
            insert.on_conflict_do_update(index_elements=["name"], set_=changes)
        )
        await self._publish_principals_of_role(role)

    async def delete_role(self, role: Role) -> None:
        await self._connection.execute(delete(roles).where(roles.c.name == role.name))

    async def users_of_roles(self) -> dict[str, int]:
        counted = select(users.c.role, func.count()).group_by(users.c.role)
        rows = await self._connection.execute(counted)
        return {row[0]: int(row[1]) for row in rows}

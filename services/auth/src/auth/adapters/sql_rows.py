"""The connection of one transaction, and the statements that all aggregates use."""

from typing import Any

from sqlalchemy import Executable, RowMapping, Table
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from runtime.outbox import messages as outbox


class SqlRows:
    """Reads and writes rows of one transaction."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def publish(self, messages: list[outbox.Outgoing]) -> None:
        await outbox.append(self._connection, messages)

    async def _save(self, table: Table, values: dict[str, Any]) -> None:
        statement = upsert(table).values(values)
        changes = {name: statement.excluded[name] for name in values if name != "id"}
        await self._connection.execute(
            statement.on_conflict_do_update(index_elements=["id"], set_=changes)
        )

    async def _one(self, statement: Executable) -> RowMapping | None:
        return (await self._connection.execute(statement)).mappings().one_or_none()

"""Rows of signing keys."""

from dataclasses import asdict

from sqlalchemy import delete, insert, select

from auth.adapters.sql_rows import SqlRows
from auth.adapters.tables import signing_keys
from auth.domain.keyring import Key
from contracts.services import KEYS
from runtime.outbox import messages as outbox


class SqlSigningKeys(SqlRows):
    async def keys(self) -> list[Key]:
        rows = await self._connection.execute(select(signing_keys))
        return [Key(**row) for row in rows.mappings()]

    async def add_key(self, key: Key) -> None:
        await self._connection.execute(insert(signing_keys), asdict(key))
        await self.publish([outbox.put(KEYS, key.id, key.published())])

    async def delete_key(self, key: Key) -> None:
        await self._connection.execute(delete(signing_keys).where(signing_keys.c.id == key.id))
        await self.publish([outbox.delete(KEYS, key.id)])

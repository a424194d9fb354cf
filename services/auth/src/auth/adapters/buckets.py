"""The buckets `keys` and `principals`, made equal to Postgres."""

import asyncio
from collections.abc import Callable

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from auth.adapters.sql_work import SqlWork
from contracts.auth import Principal, SigningKey
from contracts.services import KEYS, PRINCIPALS
from runtime.outbox.projection import Projection
from runtime.process.service import Runtime
from runtime.wait import wait_for

SYNC_SECONDS = 60.0


class PublishedBuckets:
    """Follows both buckets and corrects them through the outbox."""

    def __init__(self, engine: AsyncEngine, committed: Callable[[], None]) -> None:
        self._engine = engine
        self._committed = committed
        self._must_sync = asyncio.Event()
        self._must_sync.set()
        self._keys = Projection(KEYS, SigningKey, on_loss=self._must_sync.set)
        self._principals = Projection(PRINCIPALS, Principal, on_loss=self._must_sync.set)

    def follow(self, runtime: Runtime) -> None:
        runtime.spawn(self._keys.follow(runtime.bus), name="published keys")
        runtime.spawn(self._principals.follow(runtime.bus), name="published principals")

    async def sync(self) -> None:
        await wait_for(self._must_sync, SYNC_SECONDS)
        self._must_sync.clear()
        await self._keys.correct(self._engine, signing_keys)
        await self._principals.correct(self._engine, principals)
        self._committed()


async def signing_keys(connection: AsyncConnection) -> dict[str, SigningKey]:
    return {key.id: key.published() for key in await SqlWork(connection).keys()}


async def principals(connection: AsyncConnection) -> dict[str, Principal]:
    work = SqlWork(connection)
    ended = await work.ended_sessions()
    return {str(user.id): user.principal(ended.get(user.id, [])) for user in await work.users()}

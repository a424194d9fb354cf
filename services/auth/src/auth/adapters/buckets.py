"""The buckets `keys` and `principals`, made equal to Postgres."""

from collections.abc import Callable

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from auth.adapters.sql_work import SqlWork
from contracts.auth.principals import Principal, SigningKey
from contracts.services import KEYS, PRINCIPALS
from runtime.outbox.projection import Projection, Sync
from runtime.process.service import Runtime


class PublishedBuckets:
    """Follows both buckets and corrects them through the outbox."""

    def __init__(self, engine: AsyncEngine, committed: Callable[[], None]) -> None:
        self._engine = engine
        self._committed = committed
        self._sync = Sync()
        self._keys = Projection(KEYS, SigningKey, on_loss=self._sync.demand)
        self._principals = Projection(PRINCIPALS, Principal, on_loss=self._sync.demand)

    def follow(self, runtime: Runtime) -> None:
        runtime.spawn(self._keys.follow(runtime.bus), name="published keys")
        runtime.spawn(self._principals.follow(runtime.bus), name="published principals")

    async def sync(self) -> None:
        async with self._sync.when_due():
            await self._keys.correct(self._engine, signing_keys)
            await self._principals.correct(self._engine, principals)
            self._committed()


async def signing_keys(connection: AsyncConnection) -> dict[str, SigningKey]:
    return {key.id: key.published() for key in await SqlWork(connection).keys()}


async def principals(connection: AsyncConnection) -> dict[str, Principal]:
    return {str(one.user_id): one for one in await SqlWork(connection).principals()}

"""The buckets `keys` and `principals`, made equal to Postgres."""

import asyncio

from auth.adapters.sql_work import SqlUnitOfWork
from contracts.auth import Principal, SigningKey
from contracts.errors import UnavailableError
from contracts.services import KEYS, PRINCIPALS
from runtime.bus.bucket_watch import Mirror
from runtime.outbox.projection import corrections

SNAPSHOT_SECONDS = 10.0


class Bulletin:
    """What the fleet can read of auth, compared with what is true."""

    def __init__(
        self,
        unit_of_work: SqlUnitOfWork,
        keys: Mirror[SigningKey],
        principals: Mirror[Principal],
    ) -> None:
        self._unit_of_work = unit_of_work
        self._keys = keys
        self._principals = principals

    async def mend(self) -> None:
        """Publish what is missing or different; nothing is written when nothing is."""
        try:
            async with asyncio.timeout(SNAPSHOT_SECONDS):
                await self._keys.ready.wait()
                await self._principals.ready.wait()
        except TimeoutError:
            raise UnavailableError("the buckets cannot be read") from None
        async with self._unit_of_work() as work:
            await work.alone()
            keys = {key.id: key.published() for key in await work.keys()}
            principals = {str(user.id): user.principal() for user in await work.users()}
            await work.publish(corrections(KEYS, keys, self._keys.entries))
            await work.publish(corrections(PRINCIPALS, principals, self._principals.entries))

"""The buckets `keys` and `principals`, made equal to Postgres."""

from auth.adapters.sql_work import SqlUnitOfWork
from contracts.auth import Principal, SigningKey
from contracts.errors import UnavailableError
from contracts.services import KEYS, PRINCIPALS
from runtime.bus.bucket_watch import Mirror
from runtime.outbox.bucket_sync import corrections
from runtime.process.service import Runtime
from runtime.wait import wait_for

SNAPSHOT_SECONDS = 10.0


class SqlBuckets:
    """Compares what the buckets hold with what Postgres says."""

    def __init__(
        self,
        unit_of_work: SqlUnitOfWork,
    ) -> None:
        self._unit_of_work = unit_of_work
        self._keys, self._principals = Mirror(SigningKey), Mirror(Principal)

    def follow(self, runtime: Runtime) -> None:
        runtime.spawn(self._keys.follow(runtime.bus, KEYS), name="keys")
        runtime.spawn(self._principals.follow(runtime.bus, PRINCIPALS), name="principals")

    async def sync(self) -> None:
        for mirror in (self._keys, self._principals):
            if not await wait_for(mirror.ready, SNAPSHOT_SECONDS):
                raise UnavailableError("the buckets cannot be read")
        async with self._unit_of_work() as work:
            await work.lock()
            keys = {key.id: key.published() for key in await work.keys()}
            principals = {str(user.id): user.principal() for user in await work.users()}
            await work.publish(corrections(KEYS, keys, self._keys.entries))
            await work.publish(corrections(PRINCIPALS, principals, self._principals.entries))

"""Makes the keys of a bucket equal to what its owner's tables say.

A projection follows what the bucket holds. Its owner corrects it at start and every minute:

    names = Projection(WORKFLOWS, WorkflowEntry, "name.>")
    runtime.spawn(names.follow(bus), name="published names")
    ...
    async def wanted(connection: AsyncConnection) -> dict[str, WorkflowEntry]: ...
    await names.correct(partial(transaction, engine), wanted)
    relay.nudge()

An owner that decides in memory, as the scheduler does, compares with `published` itself.
"""

from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Generic, TypeVar

from pydantic import BaseModel

from contracts.errors import UnavailableError
from contracts.services import Bucket
from runtime.bus.bucket_watch import Mirror
from runtime.bus.client import Bus
from runtime.outbox.messages import Outgoing, Transaction, append, delete, lock_writers, put
from runtime.wait import wait_for

SNAPSHOT_SECONDS = 10.0

C = TypeVar("C", bound=Transaction)
V = TypeVar("V", bound=BaseModel)


def corrections(
    bucket: Bucket, wanted: Mapping[str, V], published: Mapping[str, V]
) -> list[Outgoing]:
    """Return messages that put keys that are missing or different, and delete all others.

    Commit them in the transaction that read `wanted`, with writers of the same keys locked out
    (`lock_writers`), or an older value could overtake a newer one.
    """
    changed = [put(bucket, k, value) for k, value in wanted.items() if published.get(k) != value]
    return changed + [delete(bucket, key) for key in sorted(published.keys() - wanted.keys())]


class Projection(Generic[V]):
    """Keys of one bucket that match a pattern; the owner's tables decide what they hold."""

    def __init__(
        self,
        bucket: Bucket,
        model: type[V],
        keys: str = ">",
        on_change: Callable[[], None] | None = None,
    ) -> None:
        """Call `on_change` whenever the bucket has changed."""
        self._bucket = bucket
        self._keys = keys
        self._mirror = Mirror(model, on_change)

    @property
    def published(self) -> Mapping[str, V]:
        """The entries of the bucket, as far as they are known."""
        return self._mirror.entries

    @property
    def is_known(self) -> bool:
        """The bucket was read; before that, `published` is empty and says nothing."""
        return self._mirror.ready.is_set()

    async def follow(self, bus: Bus) -> None:
        """Keep `published` equal to the bucket until canceled."""
        await self._mirror.follow(bus, self._bucket, self._keys)

    async def wait_until_known(self) -> None:
        """Wait up to 10 s until the bucket was read; raises UnavailableError."""
        if not await wait_for(self._mirror.ready, SNAPSHOT_SECONDS):
            raise UnavailableError(f"the bucket {self._bucket.name} cannot be read")

    def corrections(self, wanted: Mapping[str, V]) -> list[Outgoing]:
        """Return what makes the bucket equal to `wanted`; see `corrections`."""
        return corrections(self._bucket, wanted, self.published)

    async def correct(
        self,
        begin: Callable[[], AbstractAsyncContextManager[C]],
        wanted: Callable[[C], Awaitable[Mapping[str, V]]],
    ) -> None:
        """Commit corrections; `wanted` reads the tables while other writers are locked out.

        Nothing is written when nothing differs. Each correction is a row of its own, since a value
        may have half a megabyte. Raises UnavailableError if the bucket or Postgres does not answer.
        """
        await self.wait_until_known()
        async with begin() as connection:
            await lock_writers(connection)
            for message in self.corrections(await wanted(connection)):
                await append(connection, [message])

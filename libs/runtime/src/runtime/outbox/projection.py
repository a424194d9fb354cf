"""Makes the keys of a bucket equal to what its owner's tables say.

A projection follows what the bucket holds. Its owner corrects it at start and every minute:

    names = Projection(WORKFLOWS, WorkflowEntry, "name.>")
    runtime.spawn(names.follow(bus), name="published names")
    ...
    async def wanted(connection: AsyncConnection) -> dict[str, WorkflowEntry]: ...
    await names.correct(engine, wanted)
    relay.nudge()

An owner that decides in memory, as the scheduler does, compares with a `Mirror` itself.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import TypeVar

from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from contracts.errors import UnavailableError
from contracts.services import Bucket
from runtime.bus.bucket import Mirror
from runtime.outbox.messages import Outgoing, append, delete, lock_writers, put
from runtime.postgres.transaction import transaction
from runtime.wait import wait_for

SNAPSHOT_SECONDS = 10.0
SYNC_SECONDS = 60.0

V = TypeVar("V", bound=BaseModel)


class Sync:
    """Tells an owner when its buckets and tables must be compared.

    That is at start and every minute, and at once after a loss or a comparison that failed.
    """

    def __init__(self) -> None:
        self._is_due = asyncio.Event()
        self.demand()

    def demand(self) -> None:
        self._is_due.set()

    @asynccontextmanager
    async def when_due(self) -> AsyncGenerator[None, None]:
        await wait_for(self._is_due, SYNC_SECONDS)
        self._is_due.clear()
        try:
            yield
        except BaseException:
            self.demand()
            raise


class Projection(Mirror[V]):
    """Keys of one bucket that match a pattern; the owner's tables decide what they hold."""

    def __init__(
        self,
        bucket: Bucket,
        model: type[V],
        keys: str = ">",
        on_change: Callable[[], None] | None = None,
        on_loss: Callable[[], None] | None = None,
    ) -> None:
        super().__init__(bucket, model, keys, on_change, is_owner=True, on_loss=on_loss)

    async def wait_until_known(self) -> None:
        """Wait up to 10 s until the bucket was read; raises UnavailableError."""
        if not await wait_for(self.ready, SNAPSHOT_SECONDS):
            raise UnavailableError(f"the bucket {self.bucket.name} cannot be read")

    def corrections(self, wanted: Mapping[str, V]) -> list[Outgoing]:
        """Return messages that put keys that are missing or different, and delete all others.

        Commit them in the transaction that read `wanted`, with writers of the same keys locked out
        (`lock_writers`), or an older value could overtake a newer one.
        """
        changed = [
            put(self.bucket, key, value)
            for key, value in wanted.items()
            if self.entries.get(key) != value
        ]
        surplus = sorted(self.entries.keys() - wanted.keys())
        return changed + [delete(self.bucket, key) for key in surplus]

    async def correct(
        self,
        engine: AsyncEngine,
        wanted: Callable[[AsyncConnection], Awaitable[Mapping[str, V]]],
    ) -> None:
        """Commit corrections; `wanted` reads the tables while other writers are locked out.

        Nothing is written when nothing differs. Each correction is a row of its own, since a value
        may have half a megabyte. Raises UnavailableError if the bucket or Postgres does not answer.
        """
        await self.wait_until_known()
        async with transaction(engine) as connection:
            await lock_writers(connection)
            for message in self.corrections(await wanted(connection)):
                await append(connection, [message])

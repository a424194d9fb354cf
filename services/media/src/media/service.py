"""Defines `Media`: the adapters, limits and secrets that every handler of media needs."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Generic, TypeVar
from uuid import UUID
from weakref import WeakValueDictionary

from contracts.errors import ForbiddenError
from contracts.media.attempts import Results
from contracts.media.files import MediaView
from media import ports
from media.domain.inspection import Bounds
from media.domain.records import RetentionAges
from runtime.grants import Grant, verify
from runtime.scratch import delete_left_over, scratch_folder

T = TypeVar("T")

SCRATCH_PREFIX = "comfyfleet-media-"
"""Long, because folders of this name in a shared temporary folder are deleted."""


class SingleFlight(Generic[T]):
    """Lets callers with the same key share one run, and bounds the runs at one time.

    A caller on the bus repeats its request after two seconds. Without this class each repeat
    would copy and decode the same picture again.
    """

    def __init__(self, concurrency: int) -> None:
        self._free = asyncio.Semaphore(concurrency)
        self._most_each = max(1, concurrency // 2)
        self._shares: WeakValueDictionary[Hashable, asyncio.Semaphore] = WeakValueDictionary()
        self._running: dict[Hashable, asyncio.Task[T]] = {}

    async def run(
        self, key: Hashable, work: Callable[[], Awaitable[T]], owner_id: UUID | None = None
    ) -> T:
        """Return the result of `work`, which goes on even if this caller is canceled.

        Of one owner at most half of the runs are in progress at one time.
        """
        task = self._running.get(key)
        if task is None:
            task = asyncio.create_task(self._when_free(work, owner_id or key))
            self._running[key] = task
            task.add_done_callback(lambda _: self._running.pop(key))
        return await asyncio.shield(task)

    async def _when_free(self, work: Callable[[], Awaitable[T]], holder: Hashable) -> T:
        share = self._shares.get(holder)
        if share is None:
            share = self._shares[holder] = asyncio.Semaphore(self._most_each)
        async with share, self._free:
            return await work()


@dataclass(frozen=True, slots=True)
class Media:
    """All that handlers need."""

    store: ports.ObjectStore
    sandbox: ports.Sandbox
    uploads: ports.Uploads
    library: ports.Library
    deletions: ports.Deletions
    previews: ports.Previews
    results: ports.Results
    clock: Callable[[], datetime]
    bounds: Bounds
    max_upload_bytes: int
    retention: RetentionAges
    grant_secret: str
    name_secret: str
    scratch_dir: Path | None
    acceptances: SingleFlight[MediaView]
    recordings: SingleFlight[Results]
    preparations: SingleFlight[None]

    async def deletion_time(self) -> datetime:
        """Return the time by which things are old enough to be deleted for good.

        A clock that jumps ahead makes everything old. So the process and the database must agree,
        and the database follows no jump until it has lasted.
        """
        return min(self.clock(), await self.deletions.now())

    def scratch_folder(self) -> AbstractContextManager[Path]:
        """Open a private folder that is deleted with all its files."""
        return scratch_folder(SCRATCH_PREFIX, self.scratch_dir)

    async def delete_left_over(self) -> int:
        """Delete the scratch folders of killed processes, and return their number."""
        return await asyncio.to_thread(delete_left_over, SCRATCH_PREFIX, self.scratch_dir)

    def read_grant(self, grant: str, node_id: UUID) -> Grant:
        """Verify a grant and return what it allows.

        Raises ForbiddenError if it is forged, expired, or made for another node.
        """
        granted = verify(grant, self.grant_secret, self.clock())
        # NATS lets an agent send only under its own node id, so the subject proves the node.
        if granted.node_id != node_id:
            raise ForbiddenError("the grant is another node's", code="bad_grant")
        return granted

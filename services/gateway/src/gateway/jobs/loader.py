"""Loads jobs for many clients with few queries: several need a job at the moment it ends."""

import asyncio
from uuid import UUID

from contracts.access import Actor, Permission
from contracts.errors import OperationError
from contracts.scheduler.job_requests import FindJobs
from contracts.scheduler.jobs import JobView
from runtime.bus.client import Bus

MAX_IDS = 100
GATEWAY = Actor(user_id=UUID(int=0), permissions=frozenset({Permission.JOBS_READ_ALL}))
"""Reads all jobs: ownership was checked when the client began to listen."""


class JobLoader:
    """Asks for at most 100 jobs in one query, and one query after another."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._wanted: dict[UUID, asyncio.Future[JobView | None]] = {}
        self._task: asyncio.Task[None] | None = None

    async def load(self, job_id: UUID) -> JobView | None:
        """Return the job as it is now; None if it is gone. Raises UnavailableError."""
        future = self._wanted.get(job_id)
        if future is None:
            future = self._wanted[job_id] = asyncio.get_running_loop().create_future()
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._run())
        return await asyncio.shield(future)

    async def _run(self) -> None:
        while self._wanted:
            batch = dict(list(self._wanted.items())[:MAX_IDS])
            for job_id in batch:
                del self._wanted[job_id]
            await self._answer(batch)

    async def _answer(self, batch: dict[UUID, asyncio.Future[JobView | None]]) -> None:
        try:
            page = await self._bus.call(FindJobs(actor=GATEWAY, job_ids=list(batch)))
        except OperationError as error:
            for future in batch.values():
                future.set_exception(error)
                future.exception()  # a client that left must not become a warning
            return
        found = {view.id: view for view in page.items}
        for job_id, future in batch.items():
            future.set_result(found.get(job_id))

"""Loads jobs for many clients with few queries: several need a job at the moment it ends."""

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import TypeAlias
from uuid import UUID

from contracts.access import Actor, Permission
from contracts.errors import OperationError, UnavailableError
from contracts.scheduler.job_requests import FindJobs
from contracts.scheduler.jobs import JobView
from runtime.bus.client import Bus

MAX_IDS = 100
BROKEN = ("bug", "bad_answer")
GATEWAY = Actor(user_id=UUID(int=0), permissions=frozenset({Permission.JOBS_READ_ALL}))
"""Reads all jobs: ownership was checked when the client began to listen."""


Waiting: TypeAlias = Mapping[UUID, Sequence[asyncio.Future[JobView | None]]]


class JobLoader:
    """Asks for at most 100 jobs in one query, and one query after another."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._wanted: defaultdict[UUID, list[asyncio.Future[JobView | None]]] = defaultdict(list)
        self._task: asyncio.Task[None] | None = None

    async def load(self, job_id: UUID) -> JobView | None:
        """Return the job as it is now; None if it is gone. Raises OperationError."""
        future: asyncio.Future[JobView | None] = asyncio.get_running_loop().create_future()
        self._wanted[job_id].append(future)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._run())
        return await future

    async def _run(self) -> None:
        while self._wanted:
            ids = list(self._wanted)[:MAX_IDS]
            await self._answer({job_id: self._wanted.pop(job_id) for job_id in ids})

    async def _answer(self, batch: Waiting) -> None:
        """Answer all who wait for these jobs, or have them wait for the next query."""
        try:
            found = await self._bus.call(FindJobs(actor=GATEWAY, job_ids=list(batch)))
        except OperationError as error:
            for job_id, waiting in batch.items():
                if len(batch) == 1 or passes(error):
                    settle(waiting, error)
                else:
                    await self._answer({job_id: waiting})
            return
        left = batch.keys() & found.left
        for job_id in left:
            self._wanted[job_id] += batch[job_id]
        views = {view.id: view for view in found.items}
        for job_id in batch.keys() - left:
            settle(batch[job_id], views.get(job_id))


def settle(
    waiting: Sequence[asyncio.Future[JobView | None]], result: JobView | OperationError | None
) -> None:
    for future in waiting:
        if future.done():  # its client left
            continue
        if isinstance(result, OperationError):
            future.set_exception(result)
        else:
            future.set_result(result)


def passes(error: OperationError) -> bool:
    """Return whether the same question may be answered later; else one of the jobs is at fault."""
    return isinstance(error, UnavailableError) and error.code not in BROKEN

"""How an attempt is ended early, from wherever it is."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from contracts.agent import AttemptResult, Cause, Outcome
from contracts.errors import UnavailableError
from contracts.scheduler.jobs import JobError
from node_agent.domain.outcome import Failed, failed
from node_agent.domain.tuning import Tuning
from node_agent.handlers.node import Attempt

T = TypeVar("T")


class EndedError(Exception):
    """The attempt is over, and this is how."""

    def __init__(self, result: AttemptResult) -> None:
        super().__init__(result.outcome.value)
        self.result = result


def canceled() -> EndedError:
    return EndedError(AttemptResult(outcome=Outcome.CANCELED))


def failure(cause: Cause, code: str, message: str) -> EndedError:
    return ended_by(failed(cause, code, message))


def ended_by(reason: Failed) -> EndedError:
    error: JobError = reason.error
    return EndedError(AttemptResult(outcome=Outcome.FAILED, cause=reason.cause, error=error))


async def unless_canceled(attempt: Attempt, work: Awaitable[T]) -> T:
    """The result of `work`; if the attempt is canceled first, `work` is and Ended is raised."""
    task = asyncio.ensure_future(work)
    cancel = asyncio.ensure_future(attempt.canceled.wait())
    try:
        await asyncio.wait({task, cancel}, return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            raise canceled()
        return task.result()
    finally:
        cancel.cancel()
        if not task.done():
            task.cancel()
            await asyncio.wait({task})


async def patiently(work: Callable[[], Awaitable[T]], tuning: Tuning, *, within: float) -> T:
    """Repeat while the other side is Unavailable, with backoff, for `within` seconds."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + within
    pause = tuning.backoff_seconds
    while True:
        try:
            return await work()
        except UnavailableError:
            if loop.time() + pause > deadline:
                raise
        await asyncio.sleep(pause)
        pause = min(pause * 2, tuning.longest_backoff_seconds)

"""Sends orders and recalls to agents over the bus, until they are answered or need no answer."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

from contracts.agent import AttemptOrder, CancelAttempt, RunAttempt
from contracts.errors import OperationError, UnavailableError
from contracts.scheduler.claims import SchedulerLed
from runtime import clock
from runtime.bus.client import Bus
from runtime.grants import Grant, sign
from runtime.process.service import cancel_all
from runtime.process.telemetry import span
from scheduler.domain.effects import Recall
from scheduler.domain.jobs import Attempt
from scheduler.domain.occurrences import Occurrence, OrderAnswered, RecallAnswered

ASK_SECONDS = 3.0
PAUSE_SECONDS = 0.5
RECALL_SECONDS = 120.0
"""A recall is repeated for so long; the next beat that lists the attempt starts another."""
GRANT_MARGIN = timedelta(days=1)
LONGEST_TIMEOUT_SECONDS = 30 * 86_400.0


@dataclass(slots=True)
class BusAgents:
    """Runs one task for each order or recall that is not answered yet."""

    bus: Bus
    epoch: int
    grant_secret: str
    put: Callable[[Occurrence], None]
    """Takes the answers as occurrences."""
    _tasks: dict[UUID, asyncio.Task[None]] = field(default_factory=dict[UUID, asyncio.Task[None]])
    _claims: dict[UUID, int] = field(default_factory=dict[UUID, int])
    """The claim under which each of them is sent."""

    async def announce(self) -> None:
        await self.bus.signal(SchedulerLed(epoch=self.epoch))

    def order(self, attempt: Attempt, claim: int) -> None:
        request = RunAttempt(
            node_id=attempt.node_id, claim=claim, epoch=self.epoch, order=self.write_order(attempt)
        )
        self._start(attempt.id, claim, self._order(request))

    def recall(self, recall: Recall) -> None:
        request = CancelAttempt(
            node_id=recall.node_id,
            claim=recall.claim,
            epoch=self.epoch,
            attempt_id=recall.attempt_id,
            is_move=recall.is_move,
        )
        self._start(recall.attempt_id, recall.claim, self._recall(request))

    def stop_repeating(self, attempt_id: UUID) -> None:
        if task := self._tasks.pop(attempt_id, None):
            del self._claims[attempt_id]
            task.cancel()

    def write_order(self, attempt: Attempt) -> AttemptOrder:
        job = attempt.job
        allowed = timedelta(seconds=min(job.request.timeout_seconds, LONGEST_TIMEOUT_SECONDS))
        grant = Grant(
            attempt_id=attempt.id,
            node_id=attempt.node_id,
            owner_id=job.owner_id,
            expires_at=clock.now() + allowed + GRANT_MARGIN,
            **vars(job.request),
        )
        return AttemptOrder(
            attempt_id=attempt.id,
            owner_id=job.owner_id,
            number=attempt.number,
            grant=sign(grant, self.grant_secret),
            trace=job.trace,
            **vars(job.request),
        )

    async def close(self) -> None:
        await cancel_all(list(self._tasks.values()))

    def _start(self, attempt_id: UUID, claim: int, work: Coroutine[Any, Any, None]) -> None:
        """Start the work, unless the same is under way; a message of an older claim gives way."""
        if attempt_id in self._tasks:
            if self._claims[attempt_id] >= claim:
                work.close()
                return
            self.stop_repeating(attempt_id)
        self._claims[attempt_id] = claim
        task = self._tasks[attempt_id] = asyncio.create_task(work)
        task.add_done_callback(lambda done: self._forget(attempt_id, done))

    def _forget(self, attempt_id: UUID, done: asyncio.Task[None]) -> None:
        if self._tasks.get(attempt_id) is done:
            del self._tasks[attempt_id], self._claims[attempt_id]

    async def _order(self, request: RunAttempt) -> None:
        attempt_id, refusal = request.order.attempt_id, None
        while True:
            try:
                with span("order attempt", parent=request.order.trace):
                    await self.bus.call(request, within=ASK_SECONDS)
            except OperationError as error:
                if error.code == "no_answer":
                    await asyncio.sleep(PAUSE_SECONDS)
                    continue
                refusal = error
            except ValueError:
                refusal = UnavailableError("the agent's answer is malformed", code="bad_answer")
            self.put(OrderAnswered(attempt_id, request.claim, refusal))
            return

    async def _recall(self, request: CancelAttempt) -> None:
        deadline = asyncio.get_running_loop().time() + RECALL_SECONDS
        while asyncio.get_running_loop().time() < deadline:
            try:
                await self.bus.call(request, within=ASK_SECONDS)
            except (OperationError, ValueError):
                await asyncio.sleep(PAUSE_SECONDS)
            else:
                self.put(RecallAnswered(request.attempt_id))
                return

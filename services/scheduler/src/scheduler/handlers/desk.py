"""The leader's loop: decide → persist → act.

Whatever comes in is put on the desk; the loop takes all that lies there as one batch, lets the
core decide, commits the rows in one transaction and only then answers and tells agents. One
batch at a time: while a commit runs the next batch gathers, so load makes batches larger and
an idle desk answers at once. Nothing is awaited here but the ledger.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

import structlog
from pydantic import BaseModel

from contracts.errors import OperationError, UnavailableError
from contracts.scheduler.jobs import JobStatus
from contracts.scheduler.nodes import ClaimView, NodeSpec
from scheduler.domain.effects import Answer, ClaimGranted, Effects
from scheduler.domain.inputs import Asked, Input, Question, Tick, names_in
from scheduler.domain.jobs import Job
from scheduler.domain.state import State
from scheduler.domain.step import republish, resume, step
from scheduler.domain.turn import Known, Now, Turn
from scheduler.handlers.inbox import Inbox
from scheduler.ports import Agents, Ledger, Meter

log = structlog.get_logger()

MOST_AT_ONCE = 1_000
MOST_GATHERED = 20_000
TICK_SECONDS = 0.5
RENEW_SECONDS = 0.8
REPUBLISH_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class World:
    """Where the desk gets times, ids and connections from."""

    ledger: Ledger
    agents: Agents
    meter: Meter
    wall: Callable[[], datetime]
    steady: Callable[[], float]
    new_id: Callable[[], UUID]
    is_connected: Callable[[], bool]
    published: Callable[[], Mapping[UUID, NodeSpec]]
    """What bucket `nodes` holds, as far as it is known."""


@dataclass(slots=True)
class Desk:
    """One leader's term, from the state it loaded to the first commit that fails."""

    world: World
    epoch: int
    state: State
    newest: datetime
    inbox: Inbox
    renewed_at: float = 0.0
    """When the lead was last confirmed, in steady seconds."""
    _ticked_at: float = 0.0
    _republish_at: float = 0.0
    _is_closed: bool = False
    _answers: dict[int, asyncio.Future[BaseModel]] = field(
        default_factory=dict[int, asyncio.Future[BaseModel]]
    )
    _asked: int = 0

    async def ask(self, question: Question, trace: dict[str, str] | None = None) -> BaseModel:
        """Answer a request, after commit; raises the error that the core answered with.

        Is cancelled if the term ends first: then nobody is answered, and callers repeat.
        """
        if self._is_closed:
            raise asyncio.CancelledError
        if len(self.inbox) >= MOST_GATHERED:
            raise UnavailableError("the scheduler is overloaded", code="overloaded", retry_in=2.0)
        token = self._asked = self._asked + 1
        answer = self._answers[token] = asyncio.get_running_loop().create_future()
        self.inbox.put(Asked(token, question, trace or {}))
        return await answer

    async def run(self) -> None:
        """Work until cancelled or the ledger raises; then nobody else is answered."""
        effects = Effects()
        resume(self.state, effects)
        self._act(effects)
        self.renewed_at = self.world.steady()
        try:
            while True:
                await self._work(await self.inbox.take(MOST_AT_ONCE, within=TICK_SECONDS))
        finally:
            self._is_closed = True
            for answer in self._answers.values():
                answer.cancel()
            self._answers.clear()

    async def _work(self, batch: list[Input]) -> None:
        """Take one batch from the desk to its end."""
        now = self._now()
        if now.steady - self._ticked_at >= TICK_SECONDS:
            self._ticked_at = now.steady
            batch.append(Tick(self.world.is_connected()))
        known = await self._look_up(batch)
        effects = step(self.state, batch, known, now, self.world.new_id)
        if now.steady >= self._republish_at:
            self._republish_at = now.steady + REPUBLISH_SECONDS
            republish(self.state, effects, self.world.published())
        began = self.world.steady()
        if self._must_commit(effects, began):
            await self.world.ledger.commit(effects)
            self.renewed_at = began
            self.world.meter.batch(len(batch), self.world.steady() - began)
        self._act(effects)

    def _now(self) -> Now:
        self.newest = max(self.newest, self.world.wall())
        return Now(self.newest, self.world.steady())

    def _must_commit(self, effects: Effects, steady: float) -> bool:
        """Say whether to commit; an answer too is given only by who still leads."""
        is_due = steady - self.renewed_at >= RENEW_SECONDS
        return effects.are_durable or bool(effects.answers) or is_due

    async def _look_up(self, batch: list[Input]) -> Known:
        names = names_in(batch)
        jobs = [job_id for job_id in names.jobs if job_id not in self.state.jobs]
        return await self.world.ledger.look_up(jobs, names.keys)

    def _act(self, effects: Effects) -> None:
        """Answer and order what is durable now."""
        for job in effects.changed_jobs.values():
            if job.status.is_terminal:
                log_end(job)
        for attempt_id in effects.settled:
            self.world.agents.settle(attempt_id)
        for attempt in effects.orders:
            if attempt.ended_at is None and attempt.job.status is JobStatus.RUNNING:
                self.world.agents.order(attempt, self.state.nodes[attempt.node_id].claim)
        for recall in effects.recalls:
            self.world.agents.recall(recall)
        for token, answer in effects.answers:
            self._answer(token, answer)

    def _answer(self, token: int, answer: Answer) -> None:
        future = self._answers.pop(token)
        if future.done():
            return
        if isinstance(answer, OperationError):
            future.set_exception(answer)
        elif isinstance(answer, ClaimGranted):
            live = [self.world.agents.write(attempt) for attempt in answer.live]
            view = ClaimView(claim=answer.spec.claim, epoch=self.epoch, spec=answer.spec, live=live)
            future.set_result(view)
        else:
            future.set_result(answer)

    def look(self) -> Turn:
        """The state as it is, for those who only read."""
        return Turn(self.state, Known(), self._now(), self.world.new_id, Effects())


def log_end(job: Job) -> None:
    """Write the one line that each job gets, with the trace that it belongs to."""
    _, _, trace = job.trace.get("traceparent", "").partition("-")
    log.info(
        "job_ended",
        job_id=str(job.id),
        status=job.status.value,
        workflow=job.spec.workflow,
        attempts=job.attempts,
        cause=job.error.cause if job.error else None,
        trace_id=trace.partition("-")[0] or None,
    )

"""Acquires the leadership and runs the leader's loop: load → decide → commit → send.

The loop takes everything that occurred as one batch, lets the core decide, commits the rows in one
transaction and only then answers and sends orders. One batch at a time: while a commit runs the
next batch gathers, so load makes batches larger and an idle loop answers at once. The loop
awaits nothing but the ledger.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from time import monotonic
from typing import Any, TypeAlias

import structlog
from pydantic import BaseModel

from contracts.errors import OperationError
from contracts.message import Command
from contracts.scheduler.claims import ClaimView, NodeBeat
from contracts.scheduler.jobs import JobStatus
from contracts.values import new_id
from runtime.process.telemetry import carry
from scheduler.domain.core import names_in, republish, resume, step
from scheduler.domain.effects import Answer, ClaimGranted, Effects
from scheduler.domain.jobs import Job
from scheduler.domain.occurrences import ClockTicked, Occurrence
from scheduler.handlers import collector
from scheduler.handlers.renewal import RENEW_SECONDS, load, while_leading
from scheduler.ports import LeadershipLostError, LedgerUncertainError
from scheduler.service import Inbox, Scheduler, Term

log = structlog.get_logger()

STANDBY_SECONDS = 0.25
RETRY_SECONDS = 0.1
MOST_AT_ONCE = 1_000
TICK_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 10.0
STABLE_SECONDS = 10.0
"""A term that lasted so long makes up for the failed ones before it."""
REPUBLISH_SECONDS = 60.0

Serve: TypeAlias = Callable[[], Awaitable[AsyncExitStack]]
"""Subscribes to the leader's subjects; closing the stack ends that."""


class CutOffError(Exception):
    """NATS has been away for so long that a standby may reach it better."""


async def decide(scheduler: Scheduler, command: Command[Any]) -> BaseModel:
    """Let the core decide a command (`domain.core.RULES`); answer once that is durable.

    Canceled if the term ends first: then no request is answered, and callers repeat theirs.
    """
    return await scheduler.current_term().request(command, carry())


async def handle_beat(scheduler: Scheduler, signal: NodeBeat) -> None:
    if scheduler.term:
        scheduler.term.inbox.put(signal)


async def lead(scheduler: Scheduler, serve: Serve) -> None:
    """Lead whenever no other process does, until canceled; a failed commit starts a new epoch."""
    epoch: int | None = None
    try:
        while True:
            held, epoch = epoch, await acquire(scheduler, epoch)
            if epoch is None:
                await asyncio.sleep(STANDBY_SECONDS if held is None else RETRY_SECONDS)
                continue
            log.info("leading", epoch=epoch)
            epoch = await run_term(scheduler, epoch, serve)
            scheduler.lead.failures += 1
            await asyncio.sleep(pause_after(scheduler.lead.failures))
    finally:
        if epoch is not None:
            await asyncio.shield(scheduler.leadership.release(epoch))


def pause_after(failures: int) -> float:
    """Return how long a process waits until it tries to lead again: each time twice as long.

    While it waits it renews nothing, so a standby takes over from a process that cannot lead.
    """
    return min(RETRY_SECONDS * 2.0 ** min(failures - 1, 16), LONGEST_PAUSE_SECONDS)


async def acquire(scheduler: Scheduler, held: int | None) -> int | None:
    """Take the lead, unless this process could not hear what it decides."""
    return await scheduler.leadership.acquire(held) if scheduler.is_connected() else None


async def run_term(scheduler: Scheduler, epoch: int, serve: Serve) -> int | None:
    """Lead for one epoch; return it if it may still be ours when the term ends, else None."""
    try:
        ledger, began = scheduler.open_ledger(epoch), monotonic()
        with collector.paused():
            state = await load(ledger)
        async with AsyncExitStack() as stack:
            inbox = Inbox(state)
            agents = scheduler.open_agents(epoch, inbox.put)
            stack.push_async_callback(agents.close)
            term = scheduler.lead.term = Term(epoch, state, inbox, ledger, agents)
            term.wall_clock.jumped = warn_of_jump
            term.settled_jobs = len(state.jobs)
            collector.set_aside()
            stack.callback(collector.take_back)
            term.began_at = term.renewed_at = term.connected_at = monotonic()
            await stack.enter_async_context(await serve())
            stack.callback(end_term, scheduler, term)
            counts = {"jobs": len(state.jobs), "unread": len(state.unread)}
            log.info("term_began", epoch=epoch, seconds=round(monotonic() - began, 2), **counts)
            await run_loop(scheduler, term)
    except LeadershipLostError as error:
        log.warning("leadership_lost", reason=str(error))
        return None
    except CutOffError as error:
        log.warning("leadership_given_up", reason=str(error))
        await scheduler.leadership.release(epoch)
        return None
    except LedgerUncertainError as error:
        log.warning("state_dropped", epoch=epoch, reason=str(error) or "no reason given")
        return epoch
    raise AssertionError("the loop runs until something ends it")


def warn_of_jump(seconds: float) -> None:
    log.warning("wall_clock_jumped", seconds=round(seconds, 1))


def end_term(scheduler: Scheduler, term: Term) -> None:
    """Cancel the requests that were not answered, and take no more."""
    scheduler.lead.term = None
    if monotonic() - term.began_at >= STABLE_SECONDS:
        scheduler.lead.failures = 0
    for answer in term.answers.values():
        answer.cancel()
    term.answers.clear()


async def run_loop(scheduler: Scheduler, term: Term) -> None:
    """Take batch after batch until canceled or the ledger raises."""
    effects = Effects()
    resume(term.state, effects)
    send_effects(term, effects)
    while True:
        is_behind = term.state.unread or term.state.has_late_jobs
        batch = await term.inbox.take(MOST_AT_ONCE, within=0 if is_behind else TICK_SECONDS)
        require_nats(scheduler, term)
        await take_batch(scheduler, term, batch)


def require_nats(scheduler: Scheduler, term: Term) -> None:
    """Raise CutOffError once NATS has been away for long: a leader that nobody hears is none."""
    if scheduler.is_connected():
        term.connected_at = monotonic()
    elif monotonic() - term.connected_at >= scheduler.cut_off_seconds:
        raise CutOffError("NATS is away")


async def take_batch(scheduler: Scheduler, term: Term, batch: list[Occurrence]) -> None:
    now = scheduler.now(term)
    if now.steady - term.ticked_at >= TICK_SECONDS:
        term.ticked_at = now.steady
        batch.append(ClockTicked(scheduler.is_connected()))
    names = names_in(term.state, batch)
    loaded = await while_leading(term.ledger, term.ledger.look_up(*names, term.state.unread.next()))
    effects = step(term.state, batch, loaded, now, new_id)
    if now.steady >= term.republish_at:
        term.republish_at = now.steady + REPUBLISH_SECONDS
        republish(term.state, effects, scheduler.published())
    began = monotonic()
    # An answer alone needs a commit too: only the process that still leads may give it.
    if effects.needs_commit or effects.answers or began - term.renewed_at >= RENEW_SECONDS:
        await term.ledger.commit(effects)
        term.renewed_at = began
        scheduler.meter.batch(len(batch), monotonic() - began)
    send_effects(term, effects)
    if term.state.unread:
        collector.set_aside()
        term.settled_jobs = len(term.state.jobs)
    elif len(term.state.jobs) >= term.settled_jobs + collector.GROWTH:
        term.settled_jobs = len(term.state.jobs)
        collector.set_aside_again()


def send_effects(term: Term, effects: Effects) -> None:
    """Send the orders, recalls and answers of effects that are committed."""
    for job in effects.changed_jobs.values():
        if job.status.is_terminal:
            log_end(job)
    for attempt_id in effects.stop_repeating:
        term.agents.stop_repeating(attempt_id)
    for attempt in effects.orders:
        if attempt.ended_at is None and attempt.job.status is not JobStatus.CANCELING:
            term.agents.order(attempt, term.state.nodes[attempt.node_id].claim)
    for recall in effects.recalls:
        term.agents.recall(recall)
    for token, answer in effects.answers:
        give_answer(term, token, answer)


def give_answer(term: Term, token: int, answer: Answer) -> None:
    future = term.answers.pop(token)
    if future.done():
        return
    if isinstance(answer, OperationError):
        future.set_exception(answer)
    elif isinstance(answer, ClaimGranted):
        orders = (term.agents.write_order(attempt) for attempt in answer.live)
        live = [order.model_copy(update={"inputs": {}}) for order in orders]
        view = ClaimView(claim=answer.entry.claim, epoch=term.epoch, node=answer.entry, live=live)
        future.set_result(view)
    else:
        future.set_result(answer)


def log_end(job: Job) -> None:
    """Write the one line that each job gets, with the id of its trace."""
    _, _, trace = job.trace.get("traceparent", "").partition("-")
    log.info(
        "job_ended",
        job_id=str(job.id),
        status=job.status.value,
        workflow=job.request.workflow,
        attempts=job.attempt_count,
        cause=job.end.error.cause if job.end.error else None,
        trace_id=trace.partition("-")[0] or None,
    )

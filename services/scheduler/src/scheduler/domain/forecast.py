"""Estimates when waiting and running jobs end, from one reading of the queue."""

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from heapq import merge
from itertools import islice
from uuid import UUID

from contracts.access import Priority
from contracts.scheduler.jobs import JobStatus, JobView
from scheduler.domain.context import StepContext
from scheduler.domain.jobs import Attempt, Job
from scheduler.domain.nodes import ClaimStatus
from scheduler.domain.requirements import eligible_nodes
from scheduler.domain.startable import Lines
from scheduler.domain.state import State
from scheduler.domain.unread import UNREAD
from scheduler.domain.views import current_view, progress_of

POSITIONS_KNOWN = 10_000


@dataclass(frozen=True, slots=True)
class Forecast:
    """Place in the queue and seconds until the end, by job id."""

    positions: dict[UUID, int] = field(default_factory=dict[UUID, int])
    etas: dict[UUID, float] = field(default_factory=dict[UUID, float])


def forecast(state: State) -> Forecast:
    """Spread the work over the joined nodes, in the order in which it would start."""
    result, ahead = Forecast(), 0.0
    nodes = sum(node.claim_status is ClaimStatus.JOINED for node in state.nodes.values())
    for attempt in state.attempts.values():
        left = seconds_left(state, attempt)
        if left is not None:
            result.etas[attempt.job.id] = left
            ahead += left
    known = POSITIONS_KNOWN if not state.unread else 0
    nodes = 0 if state.dispatch.is_paused else nodes
    for position, job in enumerate(islice(queue_order(state), known), 1):
        result.positions[job.id] = position
        mean = state.mean_seconds.get(job.request.version_hash)
        if mean is not None and nodes:
            result.etas[job.id] = ahead / nodes + mean
            ahead += mean
    return result


def seconds_left(state: State, attempt: Attempt) -> float | None:
    """Estimate when an attempt ends, from the mean of its version.

    None if there is none: nobody knows when one that takes longer than usual ends.
    """
    mean = state.mean_seconds.get(attempt.job.request.version_hash)
    if mean is None:
        return None
    has_begun = attempt.job.status is not JobStatus.QUEUED
    spent = state.clock.now - attempt.asked_at if has_begun else 0.0
    return mean - spent if mean > spent else None


def queue_order(state: State) -> Iterator[Job]:
    """Yield higher priorities first; within one, owners take turns with their oldest job.

    A job that no node can run has no place: others pass it.
    """
    for priority in Priority:
        owners = deque(
            merge(*runnable_lines(state, lines), key=lambda job: job.created_at)
            for lines in state.startable.turns(priority).values()
        )
        while owners:
            jobs = owners.popleft()
            if job := next(jobs, None):
                yield job
                owners.append(jobs)


def runnable_lines(state: State, lines: Lines) -> Iterator[Iterable[Job]]:
    return (line.values() for kind, line in lines.items() if eligible_nodes(state, kind))


def complete_view(context: StepContext, view: JobView, forecast: Forecast) -> JobView:
    """Add what only the leader knows: progress, forecast, and why the job waits."""
    job = context.state.jobs.get(view.id)
    if job is None or job.status is not view.status:
        if view.id in context.state.unread:
            view.reason = UNREAD
        return view
    view.progress = progress_of(job)
    view.eta_seconds = forecast.etas.get(job.id)
    if job.status is JobStatus.QUEUED:
        view.queue_position = forecast.positions.get(job.id)
        current = current_view(context, job.id)
        view.is_runnable, view.unmet = current.is_runnable, current.unmet
        view.reason = current.reason
    return view

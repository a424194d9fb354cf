"""When waiting and running jobs will probably end: a snapshot, made at most once a second."""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from heapq import merge
from itertools import islice
from uuid import UUID

from contracts.access import Priority
from contracts.scheduler.jobs import JobStatus, JobView
from scheduler.domain.accepting import current_view
from scheduler.domain.jobs import Job
from scheduler.domain.nodes import Standing
from scheduler.domain.state import State
from scheduler.domain.turn import Turn
from scheduler.domain.views import progress_of
from scheduler.domain.waiting import Waiting

POSITIONS_KNOWN = 10_000


@dataclass(frozen=True, slots=True)
class Forecast:
    """Place in the queue and seconds to the end, by job id."""

    positions: dict[UUID, int] = field(default_factory=dict[UUID, int])
    etas: dict[UUID, float] = field(default_factory=dict[UUID, float])


def forecast(state: State, now: datetime) -> Forecast:
    """Spread the work over the nodes that are there, in the order in which it would start."""
    result, ahead = Forecast(), 0.0
    nodes = sum(node.standing is Standing.JOINED for node in state.nodes.values())
    for attempt in state.attempts.values():
        mean = state.seconds.get(attempt.job.spec.version_hash)
        if mean is not None:
            left = max(0.0, mean - (now - attempt.created_at).total_seconds())
            result.etas[attempt.job.id] = left
            ahead += left
    for position, job in enumerate(islice(queue_order(state.waiting), POSITIONS_KNOWN), 1):
        result.positions[job.id] = position
        mean = state.seconds.get(job.spec.version_hash)
        if mean is not None and nodes:
            result.etas[job.id] = ahead / nodes + mean
            ahead += mean
    return result


def queue_order(waiting: Waiting) -> Iterator[Job]:
    """Class after class; within one, owners take turns with their oldest job."""
    for priority in Priority:
        owners = deque(
            merge(*(line.values() for line in lines.values()), key=lambda job: job.created_at)
            for _, lines in waiting.turns(priority)
        )
        while owners:
            jobs = owners.popleft()
            if job := next(jobs, None):
                yield job
                owners.append(jobs)


def complete_view(turn: Turn, view: JobView, known: Forecast) -> JobView:
    """Add to a stored job what only the leader's memory knows."""
    job = turn.state.jobs.get(view.id)
    if job is None or job.status is not view.status:
        return view
    view.progress = progress_of(job)
    view.eta_seconds = known.etas.get(job.id)
    if job.status is JobStatus.QUEUED:
        view.queue_position = known.positions.get(job.id)
        now = current_view(turn, job.id)
        view.is_runnable, view.unmet = now.is_runnable, now.unmet
    return view

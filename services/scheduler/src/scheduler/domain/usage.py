"""Tells what an ended attempt or job used: a part of a daily sum, committed with the end itself.

So a repeated report, a failed commit or a new leader counts nothing twice, and the sums outlive
the jobs.
"""

from dataclasses import dataclass
from datetime import date, datetime
from math import isfinite
from typing import NamedTuple, TypeAlias
from uuid import UUID

from contracts.agent import Outcome
from contracts.scheduler.claims import AttemptPhase
from contracts.scheduler.jobs import JobStatus
from contracts.values import GRAPH_REFERENCE, RAW_GRAPHS
from scheduler.domain.jobs import Attempt, Job

NO_NODE = UUID(int=0)
"""Stands for the node of a job that ended while it waited."""
LOST = "lost"
"""The outcome of an attempt that failed without a report: its time is that of the last beat."""


class UsageKey(NamedTuple):
    """Names the sum to which a part is added. Days are those of UTC."""

    day: date
    owner_id: UUID
    workflow: str
    node_id: UUID
    outcome: str


@dataclass(frozen=True, slots=True)
class Usage:
    """A sum over ended jobs and attempts, or a part of one."""

    job_count: int = 0
    attempt_count: int = 0
    """Attempts that executed, or may have."""
    unmeasured_count: int = 0
    """Attempts among them whose time nobody knows."""
    executed_seconds: float = 0.0
    load_count: int = 0
    """Attempts whose time of loading models is known."""
    load_seconds: float = 0.0

    def __add__(self, other: "Usage") -> "Usage":
        return Usage(
            self.job_count + other.job_count,
            self.attempt_count + other.attempt_count,
            self.unmeasured_count + other.unmeasured_count,
            self.executed_seconds + other.executed_seconds,
            self.load_count + other.load_count,
            self.load_seconds + other.load_seconds,
        )


UsagePart: TypeAlias = tuple[UsageKey, Usage]


def take_seconds(attempt: Attempt, seconds: float | None) -> None:
    """Note for how long the engine executed the attempt, as far as a report can be true."""
    if seconds is not None and isfinite(seconds) and seconds >= 0:
        known = attempt.executed_seconds or 0.0
        attempt.executed_seconds = max(known, min(seconds, attempt.longest_seconds))


def usage_of_attempt(attempt: Attempt, ended_at: datetime) -> UsagePart | None:
    """Return the part of an attempt that has ended; None if its engine did not execute it."""
    is_unmeasured = attempt.executed_seconds is None
    if is_unmeasured and not may_have_executed(attempt):
        return None
    is_lost = attempt.outcome == Outcome.FAILED and not attempt.is_reported
    key = key_of(attempt.job, ended_at, attempt.node_id, LOST if is_lost else str(attempt.outcome))
    executed = attempt.executed_seconds or 0.0
    loading = attempt.timings.load_seconds if attempt.timings else None
    return key, Usage(
        attempt_count=1,
        unmeasured_count=int(is_unmeasured),
        executed_seconds=executed,
        load_count=int(loading is not None),
        load_seconds=min(loading or 0.0, executed),
    )


def may_have_executed(attempt: Attempt) -> bool:
    """Return whether an attempt without a measured time may have used its node.

    A report tells the time if there was any, but for an attempt whose results its agent found and
    whose execution it did not see.
    """
    if attempt.is_reported:
        return attempt.outcome == Outcome.COMPLETED
    return attempt.may_have_started and attempt.phase is not AttemptPhase.PREPARING


def usage_of_job(job: Job, ended_at: datetime, status: JobStatus) -> UsagePart:
    """Return the part of a job that ends now, at the node that it had last."""
    node_id = job.attempt.node_id if job.attempt else NO_NODE
    return key_of(job, ended_at, node_id, status), Usage(job_count=1)


def key_of(job: Job, ended_at: datetime, node_id: UUID, outcome: str) -> UsageKey:
    """Name the sum. Raw graphs share one, for each seed makes another graph."""
    workflow = job.request.workflow
    name = RAW_GRAPHS if GRAPH_REFERENCE.fullmatch(workflow) else workflow
    return UsageKey(ended_at.date(), job.owner_id, name, node_id, outcome)

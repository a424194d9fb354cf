"""What follows from a failed attempt, by cause: the retry table of the architecture."""

from dataclasses import dataclass
from uuid import UUID

from contracts.agent import Cause
from scheduler.domain.jobs import Job

LONGEST_DELAY_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Row:
    """`limit` failures of this cause end the job; between them it goes elsewhere if it can."""

    limit: int
    first_delay_seconds: float = 0.0
    """Before the second repeat; doubles each time. The first repeat is at once."""


TABLE: dict[Cause, Row] = {
    Cause.UNREACHABLE: Row(10, first_delay_seconds=1.0),
    Cause.LOST: Row(3),
    Cause.NODE_FAULT: Row(10),
    Cause.OUT_OF_MEMORY: Row(2),
    Cause.MISSING: Row(10),
    Cause.WORKFLOW: Row(1),
    Cause.TIMEOUT: Row(1),
    Cause.POISON: Row(2),
    Cause.OUTPUT: Row(3, first_delay_seconds=5.0),
    Cause.INPUT: Row(3, first_delay_seconds=5.0),
}


@dataclass(frozen=True, slots=True)
class Again:
    """Try once more, after a delay, rather not on the nodes in `avoid`."""

    delay_seconds: float
    avoid: frozenset[UUID]


def strike(job: Job, cause: Cause, node_id: UUID) -> Again | None:
    """Count a failure; say how to go on, or None if the job has failed."""
    row = TABLE[cause]
    count = job.strikes[cause] = job.strikes.get(cause, 0) + 1
    if count >= row.limit:
        return None
    if job.spec.max_attempts is not None and job.attempts >= job.spec.max_attempts:
        return None
    return Again(delay(row, count), job.avoid | {node_id})


def delay(row: Row, count: int) -> float:
    """Seconds before the next try after `count` failures."""
    repeats = count - 1
    if not repeats:
        return 0.0
    return float(min(row.first_delay_seconds * 2 ** (repeats - 1), LONGEST_DELAY_SECONDS))

"""Decides by cause whether a failed job is tried again: the retry table."""

from dataclasses import dataclass
from uuid import UUID

from contracts.agent import Cause
from scheduler.domain.jobs import Job

LONGEST_DELAY_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Row:
    """`limit` failures of this cause end the job; until then it goes elsewhere if it can."""

    limit: int
    second_delay_seconds: float = 0.0
    """Delay of the second repeat; it doubles each time. The first repeat is at once."""
    patience_seconds: float = 10.0
    """Time in which the job waits for a better node than one where it failed; long where a second
    failure on an equal node is likely and ends the job."""
    is_try: bool = True
    """False: the work did not begin, for a reason that lies neither in the job nor in the node.
    `max_attempts` does not count it."""


TABLE: dict[Cause, Row] = {
    Cause.UNREACHABLE: Row(10, second_delay_seconds=1.0),
    Cause.LOST: Row(3),
    Cause.NODE_FAULT: Row(10, patience_seconds=60.0),
    Cause.OUT_OF_MEMORY: Row(2, patience_seconds=600.0),
    Cause.MISSING: Row(10),
    Cause.WORKFLOW: Row(1),
    Cause.TIMEOUT: Row(1),
    Cause.POISON: Row(2, patience_seconds=600.0),
    Cause.STOPPED: Row(2, patience_seconds=60.0),
    Cause.OUTPUT: Row(3, second_delay_seconds=5.0),
    Cause.INPUT: Row(3, second_delay_seconds=5.0),
    # a quarter of an hour, in which services come back and the registry fills its bucket
    Cause.UNAVAILABLE: Row(32, second_delay_seconds=1.0, patience_seconds=0.0, is_try=False),
}


def count_failure(job: Job, cause: Cause, node_id: UUID) -> float | None:
    """Count a failure; return the seconds until the next try, or None if the job has failed."""
    row = TABLE[cause]
    count = job.retry.strikes[cause] = job.retry.strikes.get(cause, 0) + 1
    if count >= row.limit:
        return None
    job.retry.refused += not row.is_try
    tries = job.attempt_count - job.retry.refused
    if job.request.max_attempts is not None and tries >= job.request.max_attempts:
        return None
    job.retry.avoid |= {node_id}
    return delay(row, count)


def delay(row: Row, count: int) -> float:
    """Return the seconds between failure number `count` and the next try."""
    if count == 1:
        return 0.0
    return float(min(row.second_delay_seconds * 2 ** (count - 2), LONGEST_DELAY_SECONDS))

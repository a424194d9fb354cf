"""One scheduling step in progress: the state, the effects so far, and all that rules may read."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from scheduler.domain.effects import Effects, KeyName, KeyUse
from scheduler.domain.jobs import Batch, Job
from scheduler.domain.state import State


@dataclass(slots=True)
class LoadedRows:
    """Jobs that are not in the state, batches and idempotency keys that this step's commands name.

    The ledger loaded them. The state holds only unfinished jobs, and only those whose rows could
    be read when the term began.
    """

    jobs: dict[UUID, Job] = field(default_factory=dict[UUID, Job])
    keys: dict[KeyName, KeyUse] = field(default_factory=dict[KeyName, KeyUse])
    batches: dict[UUID, Batch] = field(default_factory=dict[UUID, Batch])
    waiting: Sequence[UUID] = ()
    """Unread jobs that were looked for: those that are not in `jobs` are gone."""


@dataclass(frozen=True, slots=True)
class Now:
    """The time of a scheduling step: the wall clock for dates, steady seconds for durations."""

    wall: datetime
    steady: float


@dataclass(slots=True)
class StepContext:
    """The first argument of every rule."""

    state: State
    loaded: LoadedRows
    now: Now
    new_id: Callable[[], UUID]
    effects: Effects = field(default_factory=Effects)
    trace: dict[str, str] = field(default_factory=dict[str, str])
    """Trace headers of the command that is being decided."""

    def find_job(self, job_id: UUID) -> Job | None:
        return self.state.jobs.get(job_id) or self.loaded.jobs.get(job_id)

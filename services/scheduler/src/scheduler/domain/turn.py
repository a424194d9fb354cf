"""One step in progress: the state, what the step wants done, and what it may know."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from scheduler.domain.effects import Effects, KeyName, KeyUse
from scheduler.domain.jobs import Job
from scheduler.domain.state import State


@dataclass(slots=True)
class Known:
    """What the database knows of the things that the inputs name, beyond the state."""

    jobs: dict[UUID, Job] = field(default_factory=dict[UUID, Job])
    """Jobs that are over."""
    keys: dict[KeyName, KeyUse] = field(default_factory=dict[KeyName, KeyUse])


@dataclass(frozen=True, slots=True)
class Now:
    """The time of a step: the wall clock, which never goes back, and steady seconds."""

    wall: datetime
    steady: float


@dataclass(frozen=True, slots=True)
class Turn:
    """What every rule works on."""

    state: State
    known: Known
    now: Now
    new_id: Callable[[], UUID]
    effects: Effects

    def find_job(self, job_id: UUID) -> Job | None:
        return self.state.jobs.get(job_id) or self.known.jobs.get(job_id)

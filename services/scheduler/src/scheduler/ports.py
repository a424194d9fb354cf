"""What the scheduler needs from outside, in its own words."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol, TypeAlias
from uuid import UUID

from contracts.agent import AttemptOrder
from contracts.scheduler.job_requests import ListJobs
from contracts.scheduler.jobs import JobView
from scheduler.domain.effects import Effects, KeyName, Recall
from scheduler.domain.jobs import Attempt
from scheduler.domain.state import State
from scheduler.domain.turn import Known

Place: TypeAlias = tuple[datetime, UUID]
"""Where a job stands in a list: when it was made, and its id."""


class LedgerUncertainError(Exception):
    """A commit failed, or its outcome is unknown: what is in memory may be wrong."""


class LeadershipLostError(Exception):
    """Another scheduler leads; nothing of ours was committed."""


class Ledger(Protocol):
    """The truth, in the database."""

    async def load(self) -> State:
        """Everything that is not over."""
        ...

    async def newest_time(self) -> datetime:
        """The latest time that any row has: the leader's clock starts no earlier."""
        ...

    async def look_up(self, jobs: Sequence[UUID], keys: Sequence[KeyName]) -> Known:
        """What is known of these ids and keys, and of the jobs made under the keys."""
        ...

    async def commit(self, effects: Effects) -> None:
        """Make it so, all or nothing, if we still lead; raises the errors above."""
        ...

    async def forget_old_keys(self) -> None:
        """Drop idempotency keys older than a day."""
        ...


class Leadership(Protocol):
    """The one row that says who leads."""

    async def acquire(self, held: int | None) -> int | None:
        """Take the lead with a new epoch if `held` is ours or nobody leads; None if not."""
        ...

    async def release(self, epoch: int) -> None:
        """Let a standby take over at once."""
        ...


class Agents(Protocol):
    """Tells agents what to do, again and again until they answer; answers are inputs."""

    def order(self, attempt: Attempt, claim: int) -> None: ...
    def recall(self, recall: Recall) -> None: ...
    def settle(self, attempt_id: UUID) -> None:
        """Stop telling anybody about the attempt."""
        ...

    def write(self, attempt: Attempt) -> AttemptOrder:
        """All that an agent needs to run the attempt."""
        ...


class Meter(Protocol):
    """Figures for the operator."""

    def batch(self, size: int, commit_seconds: float) -> None: ...
    def fleet(self, queued: int, running: int, nodes: dict[str, int]) -> None: ...


class Archive(Protocol):
    """Jobs for those who ask, on connections of its own. `owner_id` None means everybody's."""

    async def find(self, ids: Sequence[UUID], owner_id: UUID | None) -> list[JobView]: ...
    async def page(
        self, request: ListJobs, owner_id: UUID | None, after: Place | None
    ) -> list[JobView]:
        """At most `request.limit + 1` jobs that come after a place, newest first."""
        ...

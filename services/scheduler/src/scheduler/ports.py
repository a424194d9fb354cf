"""The scheduler's needs from outside: ledger, leadership, agents, stored jobs and metrics."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple, Protocol
from uuid import UUID

from contracts.access import Priority
from contracts.agent import AttemptOrder
from contracts.scheduler.batches import BatchView, ListBatches
from contracts.scheduler.dispatch import OwnerLoad
from contracts.scheduler.job_requests import ListJobs
from contracts.scheduler.jobs import JobView
from contracts.scheduler.timings import AttemptView
from contracts.scheduler.usage import FindUsage, UsageRow
from runtime.cursor import Place
from scheduler.domain.context import LoadedRows
from scheduler.domain.effects import Effects, KeyName, KeyUse, Recall
from scheduler.domain.jobs import Attempt
from scheduler.domain.state import State


class LedgerUncertainError(Exception):
    """A commit failed, or its outcome is unknown: the state in memory may be wrong."""


class LeadershipLostError(Exception):
    """Another scheduler leads; nothing was committed."""


class Ledger(Protocol):
    """The database as the leader of one epoch uses it."""

    async def load(self) -> State:
        """Read all unfinished jobs, live attempts and nodes, and let other tasks run meanwhile.

        They are of one moment only if this epoch still leads afterwards: commit to find out.
        """
        ...

    async def look_up(
        self,
        jobs: Sequence[UUID],
        keys: Sequence[KeyName],
        batches: Sequence[UUID],
        waiting: Sequence[UUID] = (),
    ) -> LoadedRows:
        """Find these jobs, keys and batches, and the jobs that the keys created.

        Of the waiting jobs as many are read as have not too many bytes. Other tasks run meanwhile.
        """
        ...

    async def commit(self, effects: Effects) -> None:
        """Write all effects or none, if this epoch still leads; raise the errors above."""
        ...


class JobCounts(NamedTuple):
    """Numbers of unfinished jobs by priority."""

    waiting: dict[Priority, int]
    running: dict[Priority, int]
    oldest_at: datetime | None
    """When the oldest of those that wait was submitted."""


class OverviewReader(Protocol):
    """Counts unfinished jobs; raises Unavailable if that fails."""

    async def job_counts(self) -> JobCounts: ...

    async def busiest_owners(self) -> list[OwnerLoad]:
        """Return the owners with the most waiting jobs, the busiest first."""
        ...


class Retention(Protocol):
    """Deletes rows that nobody needs any more; raises Unavailable if that fails."""

    async def delete_old_jobs(self) -> int:
        """Delete jobs that ended long ago, with their attempts; return their number."""
        ...

    async def delete_old_batches(self) -> None:
        """Delete batches that are as old and have no job any more."""
        ...

    async def delete_old_keys(self) -> None:
        """Delete idempotency keys older than a day."""
        ...

    async def delete_old_usage(self) -> None:
        """Delete the sums of usage of days long ago."""
        ...


class BatchReader(Protocol):
    """Reads batches for queries. `owner_id` None means every owner."""

    async def find(self, batch_id: UUID, owner_id: UUID | None) -> BatchView | None: ...
    async def page(
        self, query: ListBatches, owner_id: UUID | None, after: Place | None
    ) -> tuple[list[BatchView], Place | None]:
        """List at most `query.limit` batches behind a place, newest first.

        The place is the end of the page; None if no batch is behind it.
        """
        ...


class Leadership(Protocol):
    """The one row that names the leader."""

    async def acquire(self, held: int | None) -> int | None:
        """Lead in a new epoch if `held` still leads or nobody does; else return None."""
        ...

    async def release(self, epoch: int) -> None:
        """Let a standby take over at once."""
        ...


class Agents(Protocol):
    """Sends messages to agents in one epoch. Orders and recalls repeat until answered.

    `claim` is the number of the newest claim; an agent ignores a message with an older number.
    """

    async def announce(self) -> None:
        """Signal to every agent that this epoch leads."""
        ...

    def order(self, attempt: Attempt, claim: int) -> None: ...
    def recall(self, recall: Recall) -> None: ...
    def stop_repeating(self, attempt_id: UUID) -> None:
        """Stop repeating the attempt's order or recall."""
        ...

    def write_order(self, attempt: Attempt) -> AttemptOrder:
        """Collect everything that an agent needs to run the attempt."""
        ...

    async def close(self) -> None:
        """Stop repeating all orders and recalls; a later leader starts them again."""
        ...


class Meter(Protocol):
    """Metrics for the operator."""

    def batch(self, size: int, commit_seconds: float) -> None: ...
    def fleet(self, queued: int, running: int, nodes: dict[str, int]) -> None: ...


class UsageReader(Protocol):
    """Reads sums of usage for queries."""

    async def sums(
        self, query: FindUsage, owner_id: UUID | None, after: Sequence[object] | None
    ) -> list[UsageRow]:
        """Return the rows behind a place, one more than `query.limit` if there are as many."""
        ...


class JobReader(Protocol):
    """Reads jobs for queries, on connections of its own. `owner_id` None means every owner."""

    async def is_there(self) -> bool:
        """Return whether the database answers."""
        ...

    async def find(self, ids: Sequence[UUID], owner_id: UUID | None) -> list[JobView]: ...
    async def attempts(self, job_id: UUID) -> list[AttemptView]:
        """Return the newest attempts of a job, the newest first."""
        ...

    async def needed_graphs(self, after: str, limit: int) -> list[str]:
        """Return hashes of the raw graphs of unfinished jobs behind a hash, in order."""
        ...

    async def key_use(self, name: KeyName) -> KeyUse | None:
        """Return what an idempotency key created within the last day."""
        ...

    async def page(
        self, query: ListJobs, owner_id: UUID | None, after: Place | None
    ) -> tuple[list[JobView], Place | None]:
        """List at most `query.limit` jobs behind a place, newest first.

        The place is the end of the page; None if no job is behind it.
        """
        ...

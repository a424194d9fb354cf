"""The waiting jobs that a new leader has not read yet.

A leader with a long queue leads at once and reads the queue while it works: each step takes the
next jobs, in the order in which they would start, and those that a command names.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from itertools import islice
from types import MappingProxyType
from uuid import UUID

AT_ONCE = 200
"""Most jobs that one step reads: about 10 ms (measured)."""
UNREAD = "the scheduler has just begun to lead, and reads the queue"
"""The reason why such a job waits."""
NONE: Mapping[UUID, UUID] = MappingProxyType({})


class UnreadJobs:
    """Ids of waiting jobs, those that start first in front; `owners` has the owner of each."""

    def __init__(self, owners: Mapping[UUID, UUID] = NONE, at_once: int = AT_ONCE) -> None:
        self.by_owner = Counter(owners.values())
        self._owners = dict(owners)
        self._at_once = at_once

    def __len__(self) -> int:
        return len(self._owners)

    def __contains__(self, job_id: UUID) -> bool:
        return job_id in self._owners

    def next(self) -> list[UUID]:
        """Return the jobs that the next step reads, or the first of them if they are large."""
        return list(islice(self._owners, self._at_once))

    def discard(self, job_ids: Iterable[UUID]) -> None:
        """Forget jobs that have been read, or that are not there any more."""
        for job_id in job_ids:
            if owner_id := self._owners.pop(job_id, None):
                self.by_owner[owner_id] -= 1

"""The queued jobs that could start now: by priority, owner and kind, oldest first.

Jobs of one kind can run on the same nodes, so a kind that no free node can run is skipped as a
whole, however many jobs of it wait.
"""

from collections import OrderedDict
from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple, TypeAlias
from uuid import UUID

from contracts.access import Priority
from contracts.scheduler.job_requests import ModelFile
from scheduler.domain.jobs import Job

NO_DIGESTS: frozenset[str] = frozenset()


class Kind(NamedTuple):
    """Everything that decides on which nodes a job can run."""

    version_hash: str
    classes: frozenset[str]
    models: frozenset[ModelFile]
    incompatible: frozenset[str] = frozenset()
    """Digests of the capabilities of servers that refuse the graph."""
    avoid: frozenset[UUID] = frozenset()
    outgrown_mb: int = 0
    refused_by: frozenset[tuple[UUID, str]] = frozenset()

    @property
    def requirements(self) -> "Kind":
        """Return the kind without what earlier attempts of its jobs add."""
        return Kind(*self[:4])


def kind_of(job: Job) -> Kind:
    required, retry = job.request.requirements, job.retry
    digests = NO_DIGESTS.union(*(group.digests for group in required.incompatible))
    return Kind(
        job.request.version_hash,
        required.classes,
        required.models,
        digests,
        retry.avoid,
        retry.outgrown_mb,
        retry.refused_by,
    )


def age(job: Job) -> tuple[datetime, UUID]:
    """Return the key by which jobs of one line are in order, the oldest first."""
    return job.created_at, job.id


Line: TypeAlias = OrderedDict[UUID, Job]
Lines: TypeAlias = OrderedDict[Kind, Line]


class StartableJobs:
    """Jobs that could start now. Within one priority, owners take turns."""

    def __init__(self) -> None:
        self._by_priority: dict[Priority, OrderedDict[UUID, Lines]] = {
            priority: OrderedDict() for priority in Priority
        }
        self._size = 0

    def __len__(self) -> int:
        return self._size

    def add(self, job: Job, *, first: bool = False) -> None:
        """Add a job; `first` puts a job that has already had its turn at the front."""
        lines = self._by_priority[job.request.priority].setdefault(job.owner_id, OrderedDict())
        line = lines.setdefault(kind_of(job), OrderedDict())
        if job.id not in line:
            self._size += 1
        line[job.id] = job
        if first:
            line.move_to_end(job.id, last=False)

    def insert(self, job: Job) -> None:
        """Add a job behind the older ones of its line, where a new leader would put it."""
        self.add(job)
        line = self._by_priority[job.request.priority][job.owner_id][kind_of(job)]
        for other in list(line.values()):
            if age(other) > age(job):
                line.move_to_end(other.id)

    def sort(self) -> None:
        """Put the jobs of each line in order of age, where a new leader would put them."""
        for owners in self._by_priority.values():
            for line in (line for lines in owners.values() for line in lines.values()):
                jobs = sorted(line.values(), key=age)
                line.clear()
                line.update((job.id, job) for job in jobs)

    def discard(self, job: Job) -> bool:
        """Remove a job; return whether it was there."""
        owners = self._by_priority[job.request.priority]
        lines, kind = owners.get(job.owner_id), kind_of(job)
        line = lines.get(kind) if lines else None
        if not lines or not line or line.pop(job.id, None) is None:
            return False
        self._size -= 1
        if not line:
            del lines[kind]
        if not lines:
            del owners[job.owner_id]
        return True

    def lines_of(self, job: Job) -> Lines:
        """Return the jobs of the job's owner that have its priority."""
        return self._by_priority[job.request.priority].get(job.owner_id, OrderedDict())

    def turns(self, priority: Priority) -> Mapping[UUID, Lines]:
        """Return the jobs of a priority by owner, starting with the next owner's."""
        return self._by_priority[priority]

    def end_turn(self, priority: Priority, owner_id: UUID) -> None:
        """Put an owner behind all other owners of the priority."""
        owners = self._by_priority[priority]
        if owner_id in owners:
            owners.move_to_end(owner_id)

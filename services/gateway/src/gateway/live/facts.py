"""Reads facts about jobs from events, and remembers a bounded number of the latest.

A `Fact` is one event of stream `EVENTS`; `position` is its place there, `version` its place in
the life of its job.
"""

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from uuid import UUID

from cachetools import LRUCache
from pydantic_core import from_json, to_json

from contracts.event import Position

MOST_RING_BYTES = 4 * 1024**2
"""Labels may be long: facts of all users together take no more, wherever their number is."""
FACT_BYTES = 500
"""Of a fact in memory beside its data (measured)."""
ENDINGS = frozenset({"job.completed", "job.failed", "job.canceled", "job.expired"})
PICTURE = "job.preview"
"""The signal that is media content, which `jobs:read_all` does not give away."""


@dataclass(frozen=True, slots=True)
class Fact:
    position: Position
    name: str
    """`job.started`: the event name in the stream of a client."""
    owner_id: UUID
    job_id: UUID
    version: int
    data: bytes
    batch_id: UUID | None = None

    @property
    def is_ending(self) -> bool:
        return self.name in ENDINGS

    @property
    def size(self) -> int:
        """Return about how many bytes of memory the fact takes."""
        return FACT_BYTES + len(self.data)


def read_fact(position: Position, subject: str, body: bytes) -> Fact | None:
    """Return the fact of a CloudEvent; None if it is not about a job. ValueError if malformed."""
    words = subject.split(".")
    if words[1] != "job":
        return None
    data = from_json(body)["data"]
    batch_id = data.get("batch_id")
    return Fact(
        position=position,
        name=f"job.{words[2]}",
        owner_id=UUID(words[-1]),
        job_id=UUID(data["job_id"]),
        version=int(data["version"]),
        data=to_json(data),
        batch_id=UUID(batch_id) if batch_id else None,
    )


class Ring:
    """Holds the latest facts of one stream, complete from `start` to `position`."""

    def __init__(self, start: Position, size: int, most_bytes: int = MOST_RING_BYTES) -> None:
        self.start = start
        self.position = start
        self._size = size
        self._most_bytes = most_bytes
        self._bytes = 0
        self._facts: deque[Fact] = deque()

    def advance(self, position: Position, fact: Fact | None = None) -> None:
        """Advance to `position`, with a fact about a job or with another event."""
        self.position = position
        if fact is None:
            return
        self._facts.append(fact)
        self._bytes += fact.size
        while len(self._facts) > self._size or self._bytes > self._most_bytes:
            oldest = self._facts.popleft()
            self.start = oldest.position
            self._bytes -= oldest.size

    def since(self, seen: Position, owner_id: UUID) -> list[Fact] | None:
        """Return the owner's facts after `seen`; None if that is not a place in the ring."""
        if not self.start <= seen <= self.position:
            return None
        return [f for f in self._facts if f.position > seen and f.owner_id == owner_id]

    def of_job(self, job_id: UUID, after: int, until: int) -> list[Fact] | None:
        """Return the job's facts `after < version <= until`; None if one is not in the ring."""
        found = [f for f in self._facts if f.job_id == job_id]
        return complete(found, after, until)


def complete(facts: Iterable[Fact], after: int, until: int) -> list[Fact] | None:
    """Return one fact for each version in between, in order; None if one is missing."""
    by_version = {f.version: f for f in facts if after < f.version <= until}
    if len(by_version) < until - after:
        return None
    return [by_version[version] for version in sorted(by_version)]


class SentVersions:
    """Remembers the newest version of each job that a client has; drops the oldest entries."""

    def __init__(self, sent: Mapping[UUID, int], most: int = 10_000) -> None:
        # a snapshot may bring more jobs than `most`: none of them is dropped
        self._sent: LRUCache[UUID, int] = LRUCache(max(most, len(sent)))
        self._sent.update(sent)

    def is_newer(self, fact: Fact) -> bool:
        """Return whether the fact is new to the client, and remember it as sent."""
        sent = self._sent.get(fact.job_id, 0)
        self._sent[fact.job_id] = max(sent, fact.version)
        return fact.version > sent

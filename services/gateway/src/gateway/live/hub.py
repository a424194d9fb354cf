"""Fans events out: each gateway has one hub, which receives every event and signal once.

Facts reach a listener completely and in order, or the listener is cut off: if it is too slow, and
if the stream of events was made anew, since nobody knows what the old one had. Of progress and
previews only the newest of each job is kept for it.
"""

import asyncio
from collections import Counter, deque
from collections.abc import Generator
from contextlib import contextmanager
from uuid import UUID

from cachetools import LRUCache

from contracts.event import Position
from gateway.http.problems import RefusedError
from gateway.live.facts import PICTURE, Fact, Ring
from runtime.wait import wait_for

MAX_FACTS = 3_000
"""A batch that is submitted and canceled at once makes 2 000."""
MAX_SIGNALS = 64
MAX_ENDED = 5_000
MAX_OF_BATCHES = 20_000
MAX_SIGNAL_BYTES = 256 * 1024
"""The bytes are shared by all listeners of a job, as facts are."""


class Listener:
    """Holds the facts and signals that one client has yet to get."""

    def __init__(self, user_id: UUID, *, wants_previews: bool = True) -> None:
        self.user_id = user_id
        self.wants_previews = wants_previews
        self.facts: deque[Fact] = deque()
        self.is_over = False
        self._signals: dict[tuple[str, UUID], bytes] = {}
        self._signal_bytes = 0
        self._wake = asyncio.Event()

    def add(self, fact: Fact) -> None:
        if len(self.facts) >= MAX_FACTS:
            self.end()
            return
        self.facts.append(fact)
        self._wake.set()

    def replace_signal(self, name: str, job_id: UUID, body: bytes) -> None:
        self._drop((name, job_id))
        self._signals[name, job_id] = body
        self._signal_bytes += len(body)
        while len(self._signals) > MAX_SIGNALS or self._signal_bytes > MAX_SIGNAL_BYTES:
            self._drop(next(iter(self._signals)))
        self._wake.set()

    def drop_signals(self, job_id: UUID) -> None:
        for key in [key for key in self._signals if key[1] == job_id]:
            self._drop(key)

    def _drop(self, key: tuple[str, UUID]) -> None:
        self._signal_bytes -= len(self._signals.pop(key, b""))

    def wake(self) -> None:
        """Have the stream check again whether its caller may go on."""
        self._wake.set()

    def end(self) -> None:
        """End the stream: the client is too slow, or the gateway stops. The client reconnects."""
        self.is_over = True
        self._wake.set()

    def take_facts(self, most: int) -> list[Fact]:
        return [self.facts.popleft() for _ in range(min(most, len(self.facts)))]

    def take_signals(self) -> list[tuple[str, UUID, bytes]]:
        taken = [(name, job_id, body) for (name, job_id), body in self._signals.items()]
        self._signals.clear()
        self._signal_bytes = 0
        return taken

    async def wait(self, seconds: float) -> bool:
        """Wait for updates; return False if there was none in that time."""
        if not await wait_for(self._wake, seconds):
            return False
        self._wake.clear()
        return True

    async def wait_for_end(self, seconds: float) -> None:
        """Wait for the end of a job, at most so many seconds."""
        try:
            async with asyncio.timeout(seconds):
                while not self.is_over and not any(fact.is_ending for fact in self.facts):
                    await self.wait(seconds)
        except TimeoutError:
            return


class Hub:
    """Knows every listener by its topic: a job, a batch, or the owner of jobs."""

    def __init__(self, *, ring_size: int, most: int, most_per_user: int) -> None:
        self.ring = Ring(Position(0, 0), ring_size)
        self.ready = asyncio.Event()
        self._ring_size = ring_size
        self._most = most
        self._most_per_user = most_per_user
        self._listeners: dict[UUID, set[Listener]] = {}
        self._per_user: Counter[UUID] = Counter()
        self._ended: LRUCache[UUID, bool] = LRUCache(MAX_ENDED)
        self._batches: LRUCache[UUID, UUID] = LRUCache(MAX_OF_BATCHES)
        """Batch by job, of the jobs heard of last: signals do not name it."""

    def begin(self, position: Position) -> None:
        """Expect the events after that position."""
        self.ring = Ring(position, self._ring_size)
        self.ready.set()

    def receive(self, position: Position, fact: Fact | None) -> None:
        """Remember the next event, and pass a fact on; None is an event that is not about a job."""
        if not position.follows(self.ring.position):  # the stream was made anew, or went back
            self.begin(position._replace(sequence=position.sequence - 1))
            self.end_all()
        self.ring.advance(position, fact)
        if fact is None:
            return
        if fact.batch_id:
            self._batches[fact.job_id] = fact.batch_id
        listeners = self._interested(fact.job_id, fact.owner_id)
        for listener in listeners:
            listener.add(fact)
        if fact.is_ending:
            self._ended[fact.job_id] = True
            for listener in listeners:
                listener.drop_signals(fact.job_id)

    def pass_signal(self, name: str, owner_id: UUID, job_id: UUID, body: bytes) -> None:
        """Pass progress or a preview on to the current listeners, unless the job has ended."""
        if job_id in self._ended:
            return
        for listener in self._interested(job_id, owner_id):
            if name != PICTURE or (listener.wants_previews and listener.user_id == owner_id):
                listener.replace_signal(name, job_id, body)

    def _interested(self, job_id: UUID, owner_id: UUID) -> list[Listener]:
        topics = (job_id, owner_id, self._batches.get(job_id))
        return [one for topic in topics if topic for one in self._listeners.get(topic, ())]

    @contextmanager
    def listening(
        self, user_id: UUID, topic: UUID, *, wants_previews: bool = True
    ) -> Generator[Listener, None, None]:
        """Listen to a job, a batch, or all jobs of an owner. Raises RefusedError if too many do."""
        if self._per_user.total() >= self._most:
            headers = {"Retry-After": "5"}
            raise RefusedError(503, "overloaded", "too many streams", headers=headers)
        if self._per_user[user_id] >= self._most_per_user:
            detail = f"at most {self._most_per_user} streams can be open"
            raise RefusedError(429, "too_many_streams", detail, headers={"Retry-After": "5"})
        listener = Listener(user_id, wants_previews=wants_previews)
        self._per_user[user_id] += 1
        listeners = self._listeners.setdefault(topic, set())
        listeners.add(listener)
        try:
            yield listener
        finally:
            listeners.discard(listener)
            self._per_user[user_id] -= 1
            if not self._per_user[user_id]:
                del self._per_user[user_id]
            if not listeners:
                del self._listeners[topic]

    @property
    def watched_jobs(self) -> list[UUID]:
        """Jobs that have a listener of their own, who wants previews."""
        owners = set(self.watched_owners)
        return [
            topic
            for topic, listeners in self._listeners.items()
            if topic not in owners and any(listener.wants_previews for listener in listeners)
        ]

    @property
    def watched_owners(self) -> list[UUID]:
        """Users who listen to all of their jobs, and want previews."""
        return [
            topic
            for topic, listeners in self._listeners.items()
            if any(one.wants_previews and one.user_id == topic for one in listeners)
        ]

    @property
    def open_streams(self) -> int:
        return self._per_user.total()

    def wake_all(self) -> None:
        """Wake every stream after a change of accounts: blocked callers leave at once."""
        for listeners in self._listeners.values():
            for listener in listeners:
                listener.wake()

    def end_all(self) -> None:
        """Cut every client off: it must reconnect."""
        for listeners in self._listeners.values():
            for listener in listeners:
                listener.end()

"""The hub: complete or cut off, never unbounded."""

from collections.abc import AsyncIterator
from uuid import UUID, uuid4

import pytest

from gateway.http.problems import RefusedError
from gateway.live.facts import Fact
from gateway.live.hub import MAX_FACTS, MAX_SIGNAL_BYTES, MAX_SIGNALS, Hub, Listener

OWNER, JOB = uuid4(), uuid4()


def a_fact(sequence: int = 1, job_id: UUID = JOB, owner_id: UUID = OWNER) -> Fact:
    return Fact(sequence, "job.started", owner_id, job_id, sequence, b"{}")


def a_hub(most: int = 10, most_per_user: int = 10) -> Hub:
    return Hub(ring_size=100, most=most, most_per_user=most_per_user)


class FakeArchive:
    def __init__(self, *facts: Fact) -> None:
        self.facts = facts

    async def bounds(self) -> tuple[int, int]:
        return 1, 0

    async def follow(self, after: int) -> AsyncIterator[tuple[int, Fact | None]]:
        for fact in self.facts:
            if fact.sequence > after:
                yield fact.sequence, fact

    async def replay(self, owner_id: UUID, after: int, until: int) -> list[Fact]:
        return [f for f in self.facts if f.owner_id == owner_id and after < f.sequence <= until]


async def test_a_fact_reaches_those_who_follow_the_job_or_its_owner() -> None:
    hub = a_hub()
    by_job, by_owner, other = hub.listen(OWNER, JOB), hub.listen(OWNER, OWNER), hub.listen(JOB, JOB)
    hub.leave(other)
    await hub.follow(FakeArchive(a_fact(1), a_fact(2, uuid4(), uuid4())))

    assert [len(listener.facts) for listener in (by_job, by_owner, other)] == [1, 1, 0]
    assert hub.ring.position == 2


async def test_a_client_that_is_too_slow_is_cut_off_rather_than_told_half() -> None:
    listener = Listener(OWNER, JOB)
    for sequence in range(MAX_FACTS + 1):
        listener.add(a_fact(sequence))

    assert listener.is_over
    assert len(listener.facts) == MAX_FACTS


async def test_of_progress_only_the_newest_of_each_job_is_kept_within_bounds() -> None:
    listener = Listener(OWNER, OWNER)
    for body in (b"1", b"2"):
        listener.replace_signal("job.progress", JOB, body)
    assert listener.take_signals() == [("job.progress", JOB, b"2")]

    for _ in range(MAX_SIGNALS + 1):
        listener.replace_signal("job.progress", uuid4(), b"x")
    assert len(listener.take_signals()) == MAX_SIGNALS

    for _ in range(10):
        listener.replace_signal("job.preview", uuid4(), b"x" * (MAX_SIGNAL_BYTES // 4))
    assert len(listener.take_signals()) == 4


async def test_streams_are_limited_and_freed() -> None:
    hub = a_hub(most=2, most_per_user=1)
    first = hub.listen(OWNER, JOB)
    with pytest.raises(RefusedError) as mine:
        hub.listen(OWNER, JOB)
    hub.listen(uuid4(), JOB)
    with pytest.raises(RefusedError) as everybody:
        hub.listen(uuid4(), JOB)
    hub.leave(first)
    hub.leave(first)
    again = hub.listen(OWNER, JOB)

    assert (mine.value.status, everybody.value.status) == (429, 503)
    assert hub.open_streams == 2
    assert hub.watched == [JOB]
    hub.end_all()
    assert again.is_over

from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest

from contracts.event import Position
from contracts.scheduler.job_events import JobCompleted
from contracts.scheduler.jobs import JobStatus
from gateway.live.facts import Fact, Ring, SentVersions, read_fact

JOB, OWNER = uuid4(), uuid4()


def a_fact(sequence: int, version: int, job_id: UUID = JOB, owner_id: UUID = OWNER) -> Fact:
    return Fact(Position(1, sequence), "job.started", owner_id, job_id, version, b"{}")


def a_ring(*facts: Fact, start: int = 0, size: int = 100) -> Ring:
    ring = Ring(Position(1, start), size)
    for fact in facts:
        ring.advance(fact.position, fact)
    return ring


def sequences_since(ring: Ring, sequence: int, stream: int = 1) -> list[int] | None:
    facts = ring.since(Position(stream, sequence), OWNER)
    return None if facts is None else [fact.position.sequence for fact in facts]


def test_an_event_is_read_as_a_fact() -> None:
    event = JobCompleted(
        job_id=JOB,
        owner_id=OWNER,
        status=JobStatus.COMPLETED,
        workflow="solid@1",
        version=3,
        occurred_at=datetime(2026, 1, 1, tzinfo=UTC),
    )
    fact = read_fact(Position(1, 9), event.address(), event.encode())

    assert fact is not None
    assert (fact.name, fact.version, fact.job_id, fact.is_ending) == ("job.completed", 3, JOB, True)
    assert read_fact(Position(1, 10), "event.node.lost.v1.x", b"") is None


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"data": {}}', b'{"data": {"job_id": 1}}'])
def test_a_malformed_event_is_an_error_that_the_adapter_expects(body: bytes) -> None:
    with pytest.raises((ValueError, KeyError, TypeError, AttributeError)):
        read_fact(Position(1, 1), f"event.job.started.v1.{OWNER}", body)


def test_the_ring_gives_an_owner_what_came_after() -> None:
    ring = a_ring(a_fact(1, 1), a_fact(2, 1, uuid4(), uuid4()), a_fact(3, 2))
    ring.advance(Position(1, 7))

    assert sequences_since(ring, 0) == [1, 3]
    assert sequences_since(ring, 1) == [3]
    assert sequences_since(ring, 7) == []
    assert ring.position == (1, 7)


@pytest.mark.parametrize("stream", [0, 2])
def test_a_place_in_another_stream_and_one_to_come_are_not_in_the_ring(stream: int) -> None:
    ring = a_ring(a_fact(1, 1), a_fact(2, 2))

    assert sequences_since(ring, 1, stream) is None
    assert sequences_since(ring, 3) is None


def test_long_labels_let_the_ring_forget_sooner() -> None:
    ring = Ring(Position(1, 0), 100, most_bytes=50_000)
    for n in range(1, 11):
        ring.advance(
            Position(1, n), Fact(Position(1, n), "job.queued", OWNER, JOB, n, b"x" * 9_000)
        )

    assert sequences_since(ring, 0) is None
    assert sequences_since(ring, 5) == [6, 7, 8, 9, 10]
    assert ring.of_job(JOB, 4, 10) is None


def test_the_ring_says_when_it_has_forgotten() -> None:
    ring = a_ring(a_fact(11, 1), a_fact(12, 2), a_fact(13, 3), start=10, size=2)

    assert sequences_since(ring, 10) is None
    assert sequences_since(ring, 11) == [12, 13]
    assert ring.of_job(JOB, 0, 3) is None
    assert [fact.version for fact in ring.of_job(JOB, 1, 3) or []] == [2, 3]


def test_a_fact_that_was_told_twice_counts_once() -> None:
    ring = a_ring(a_fact(1, 1), a_fact(2, 1), a_fact(3, 2))
    versions = SentVersions({})

    assert [fact.version for fact in ring.of_job(JOB, 0, 2) or []] == [1, 2]
    assert [versions.is_newer(a_fact(1, v)) for v in (1, 1, 3, 2, 4)] == [
        True,
        False,
        True,
        False,
        True,
    ]


def test_what_was_shown_is_remembered_within_bounds() -> None:
    versions, first = SentVersions({}, most=2), uuid4()
    for job_id in (first, uuid4(), uuid4()):
        assert versions.is_newer(a_fact(1, 1, job_id))

    assert versions.is_newer(a_fact(1, 1, first))

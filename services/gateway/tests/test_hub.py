"""The hub: complete or cut off, never unbounded."""

from dataclasses import replace
from uuid import UUID, uuid4

import pytest

from contracts.event import Position
from gateway.http.problems import RefusedError
from gateway.live.facts import Fact
from gateway.live.hub import MAX_FACTS, MAX_SIGNAL_BYTES, MAX_SIGNALS, Hub, Listener

OWNER, JOB = uuid4(), uuid4()


def a_fact(sequence: int = 1, job_id: UUID = JOB, owner_id: UUID = OWNER) -> Fact:
    return Fact(Position(1, sequence), "job.started", owner_id, job_id, sequence, b"{}")


def a_hub(most: int = 10, most_per_user: int = 10) -> Hub:
    return Hub(ring_size=100, most=most, most_per_user=most_per_user)


def hear(hub: Hub, fact: Fact) -> None:
    hub.receive(fact.position, fact)


async def test_a_fact_reaches_those_who_follow_the_job_or_its_owner() -> None:
    hub = a_hub()
    with hub.listening(OWNER, JOB) as by_job, hub.listening(OWNER, OWNER) as by_owner:
        with hub.listening(JOB, JOB) as other:
            pass
        hub.begin(Position(1, 0))
        hear(hub, a_fact(1))
        hear(hub, a_fact(2, uuid4(), uuid4()))

    assert [len(listener.facts) for listener in (by_job, by_owner, other)] == [1, 1, 0]
    assert hub.ring.position == (1, 2)
    assert hub.ready.is_set()


async def test_progress_of_a_batchs_job_reaches_those_who_follow_the_batch_without_previews() -> (
    None
):
    hub, batch_id = a_hub(), uuid4()
    hub.begin(Position(1, 0))
    with hub.listening(OWNER, batch_id, wants_previews=False) as listener:
        hear(hub, Fact(Position(1, 1), "job.started", OWNER, JOB, 2, b"{}", batch_id))
        for name in ("job.progress", "job.preview"):
            hub.pass_signal(name, OWNER, JOB, b"of the job")
            hub.pass_signal(name, OWNER, uuid4(), b"of another job")

        assert len(listener.facts) == 1
        assert [name for name, _, _ in listener.take_signals()] == ["job.progress"]
        assert hub.watched_jobs == []
        assert hub.watched_owners == []


async def test_no_progress_comes_after_the_end_of_a_job() -> None:
    hub, other = a_hub(), uuid4()
    hub.begin(Position(1, 0))
    with hub.listening(OWNER, OWNER) as listener:
        hub.pass_signal("job.progress", OWNER, JOB, b"before")
        hear(hub, Fact(Position(1, 1), "job.completed", OWNER, JOB, 2, b"{}"))
        hub.pass_signal("job.progress", OWNER, JOB, b"after")
        hub.pass_signal("job.progress", OWNER, other, b"of another job")

        assert [body for _, _, body in listener.take_signals()] == [b"of another job"]


async def test_a_client_that_is_too_slow_is_cut_off_rather_than_told_half() -> None:
    listener = Listener(OWNER)
    for sequence in range(MAX_FACTS + 1):
        listener.add(a_fact(sequence))

    assert listener.is_over
    assert len(listener.facts) == MAX_FACTS


@pytest.mark.parametrize("position", [Position(2, 1), Position(1, 3)])
async def test_who_listened_to_a_stream_that_was_made_anew_or_went_back_must_come_back(
    position: Position,
) -> None:
    hub = a_hub()
    hub.begin(Position(1, 4))
    with hub.listening(OWNER, OWNER) as old:
        hear(hub, a_fact(5))
        assert not old.is_over
        hub.receive(position, None)
        assert old.is_over
    with hub.listening(OWNER, OWNER) as new:
        hear(hub, replace(a_fact(), position=position._replace(sequence=position.sequence + 1)))
        assert (len(new.facts), new.is_over) == (1, False)

    assert hub.ring.since(Position(1, 5), OWNER) is None
    assert hub.ring.since(position, OWNER) == [*new.facts]


async def test_of_progress_only_the_newest_of_each_job_is_kept_within_bounds() -> None:
    listener = Listener(OWNER)
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
    with hub.listening(uuid4(), JOB):
        with hub.listening(OWNER, JOB):
            assert refused(hub, OWNER) == 503
        with hub.listening(OWNER, JOB) as again:
            assert hub.open_streams == 2
            assert hub.watched_jobs == [JOB]
            hub.end_all()
        assert again.is_over
    with hub.listening(OWNER, JOB):
        assert refused(hub, OWNER) == 429
        assert hub.open_streams == 1
    assert hub.open_streams == 0
    assert hub.watched_jobs == []


def refused(hub: Hub, user_id: UUID) -> int:
    """Return the status with which one more stream is refused."""
    with pytest.raises(RefusedError) as error, hub.listening(user_id, JOB):
        pass
    return error.value.status

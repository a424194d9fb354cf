"""The leader's term over a ledger that can fail, and queries over a job reader."""

import asyncio
from collections.abc import AsyncGenerator

import pytest

from contracts.access import Actor, Limits, Permission, Priority
from contracts.errors import ForbiddenError
from contracts.scheduler.job_requests import FindJobs, ListJobs, SubmitJobView
from contracts.scheduler.jobs import JobStatus
from contracts.scheduler.nodes import NewNode
from contracts.values import new_id
from runtime.testing.ports import eventually
from scheduler.app import TICKS
from scheduler.domain import expiry
from scheduler.domain.nodes import Node, NodeCapabilities
from scheduler.handlers import leader_loop, renewal
from scheduler.handlers.leader_loop import decide, pause_after
from scheduler.handlers.queries import find_jobs, list_jobs
from scheduler.ports import LeadershipLostError, LedgerUncertainError

from .fakes import NOW, FakeLedger, Leader
from .fleet import a_submit


@pytest.fixture
async def leader() -> AsyncGenerator[Leader, None]:
    leader = Leader()
    leading = leader.start()
    yield leader
    leading.cancel()
    await asyncio.gather(leading, return_exceptions=True)


async def test_inputs_that_come_together_are_committed_together_before_any_answer(
    leader: Leader,
) -> None:
    await leader.leads()
    answers = await asyncio.gather(*(leader.submit(a_submit()) for _ in range(20)))

    assert leader.ledger.batches == [20]
    assert len(leader.ledger.jobs) == len(answers) == 20


async def test_after_a_failed_commit_nobody_is_answered_and_a_new_epoch_begins(
    leader: Leader,
) -> None:
    command = a_submit()
    leader.ledger.failures.append(LedgerUncertainError("the connection was reset"))
    with pytest.raises(asyncio.CancelledError):
        await leader.submit(command)

    again = await leader.submit(command)

    assert isinstance(again, SubmitJobView)
    assert again.job.status is JobStatus.QUEUED
    assert leader.leadership.epoch == 2


async def test_the_lead_is_renewed_while_a_step_reads_many_rows(
    leader: Leader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(renewal, "RENEW_SECONDS", 0.001)
    await leader.leads()
    leader.ledger.renewed.clear()
    leader.ledger.readings.append(leader.ledger.renewed.wait())

    assert isinstance(await asyncio.wait_for(leader.submit(a_submit()), 60), SubmitJobView)


async def test_the_ticks_of_the_leader_delete_what_is_old_and_a_standby_deletes_nothing(
    leader: Leader,
) -> None:
    for tick in TICKS:
        await tick(leader.scheduler)
    assert leader.retention.deleted == []
    await leader.leads()
    for tick in TICKS:
        await tick(leader.scheduler)

    assert leader.retention.deleted == ["jobs", "batches", "keys", "usage"]


async def test_a_leader_that_lost_the_lead_stands_by(leader: Leader) -> None:
    await leader.leads()
    leader.leadership.is_taken = True
    leader.ledger.failures.append(LeadershipLostError("epoch 1 is over"))

    with pytest.raises(asyncio.CancelledError):
        await leader.submit(a_submit())

    await eventually(lambda: leader.scheduler.term is None)
    with pytest.raises(asyncio.CancelledError):
        await decide(leader.scheduler, a_submit())
    assert leader.ledger.jobs == {}


async def test_a_leader_without_nats_gives_up_the_lead_until_nats_is_back(leader: Leader) -> None:
    await leader.leads()
    leader.has_nats = False

    await eventually(lambda: leader.leadership.released == [1])
    assert leader.scheduler.term is None
    leader.has_nats = True

    await leader.leads()
    assert leader.leadership.epoch == 2


async def test_a_state_that_cannot_be_loaded_is_tried_again_after_growing_pauses() -> None:
    leader = Leader(FakeLedger(unreadable=3))
    leading = leader.start()
    await leader.leads()
    leading.cancel()
    await asyncio.gather(leading, return_exceptions=True)

    assert leader.scheduler.lead.failures == 3
    assert [pause_after(failures) for failures in (1, 2, 3, 9)] == [0.1, 0.2, 0.4, 10.0]


async def test_a_refusal_reaches_its_caller_alone(leader: Leader) -> None:
    poor = Actor(user_id=new_id(), limits=Limits(max_priority=Priority.BACKGROUND))
    refused, accepted = await asyncio.gather(
        leader.submit(a_submit(actor=poor)), leader.submit(a_submit()), return_exceptions=True
    )

    assert isinstance(refused, ForbiddenError)
    assert isinstance(accepted, SubmitJobView)


async def test_the_lead_is_released_in_the_end() -> None:
    leader = Leader()
    leading = leader.start()
    await leader.leads()
    leading.cancel()
    await asyncio.gather(leading, return_exceptions=True)

    assert leader.leadership.released == [1]


async def test_a_list_is_paged_to_its_end_and_completed_with_the_queue(leader: Leader) -> None:
    actor = Actor(user_id=new_id())
    await leader.leads()
    settings, known = NewNode(name="away", base_url="http://a"), NodeCapabilities("a")
    away = Node(new_id(), settings, NOW, capabilities=known)
    leader.scheduler.current_term().state.nodes[away.id] = away
    for _ in range(3):
        answer = await leader.submit(a_submit(actor=actor))
        assert isinstance(answer, SubmitJobView)
        leader.job_reader.views.append(answer.job)
    first = await list_jobs(leader.scheduler, ListJobs(actor=actor, limit=2))
    following = ListJobs(actor=actor, limit=2, cursor=first.next_cursor)
    rest = await list_jobs(leader.scheduler, following)

    assert [job.queue_position for job in (*first.items, *rest.items)] == [1, 2, 3]
    assert rest.next_cursor is None
    last = first.items[-1]
    places = None, (last.created_at, last.id)
    assert leader.job_reader.asked == [(actor.user_id, place) for place in places]


async def test_only_a_permission_shows_the_jobs_of_other_owners(leader: Leader) -> None:
    await leader.leads()
    other, actor = new_id(), Actor(user_id=new_id())
    admin = Actor(user_id=new_id(), permissions=frozenset({Permission.JOBS_READ_ALL}))
    with pytest.raises(ForbiddenError):
        await list_jobs(leader.scheduler, ListJobs(actor=actor, owner_id=other))

    await find_jobs(leader.scheduler, FindJobs(actor=actor, job_ids=[other]))
    await find_jobs(leader.scheduler, FindJobs(actor=admin, job_ids=[other]))
    await list_jobs(leader.scheduler, ListJobs(actor=admin, owner_id=other))

    assert [owner_id for owner_id, _ in leader.job_reader.asked] == [actor.user_id, None, other]


async def test_late_jobs_beyond_those_of_one_step_are_ended_at_once(
    leader: Leader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leader_loop, "TICK_SECONDS", 3_600.0)
    monkeypatch.setattr(expiry, "MOST_EXPIRED", 1)
    await leader.leads()
    submits = [a_submit() for _ in range(5)]
    late = [s.job.model_copy(update={"deadline": NOW}) for s in submits]
    sent = [s.model_copy(update={"job": job}) for s, job in zip(submits, late, strict=True)]
    await asyncio.gather(*(leader.submit(one) for one in sent))

    state = leader.scheduler.current_term().state
    await eventually(lambda: not state.jobs)

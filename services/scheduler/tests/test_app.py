"""The scheduler as processes, over real NATS and Postgres."""

import asyncio
import signal
from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack
from uuid import UUID

import pytest

from contracts.scheduler.job_events import JobCompleted
from contracts.scheduler.job_requests import CancelJob, FindJobs, ListJobs
from contracts.scheduler.jobs import JobStatus, JobView
from contracts.scheduler.node_requests import ListNodes, RemoveNode
from contracts.scheduler.nodes import NodePhase
from contracts.services import NODES
from runtime.bus import event_stream
from runtime.bus.bucket import read_value
from runtime.bus.client import Bus
from runtime.testing.ports import eventually

from .fleet import ADMIN, FakeAgent, Schedulers, a_submit, an_added_node


@pytest.fixture
async def cleanup() -> AsyncGenerator[AsyncExitStack, None]:
    async with AsyncExitStack() as stack:
        yield stack


async def an_agent(gateway: Bus, agents: Bus, cleanup: AsyncExitStack) -> FakeAgent:
    node = await gateway.call(an_added_node(), within=15)
    agent = FakeAgent(agents, node.id)
    await agent.start()
    cleanup.push_async_callback(agent.stop)
    return agent


async def find(gateway: Bus, *ids: UUID) -> list[JobView]:
    page = await gateway.call(FindJobs(actor=ADMIN, job_ids=list(ids)), within=15)
    return page.items


async def have_status(gateway: Bus, ids: list[UUID], status: JobStatus) -> bool:
    return all(job.status is status for job in await find(gateway, *ids))


async def test_fifty_jobs_complete_and_say_so_in_events(
    schedulers: Schedulers, gateway: Bus, agents: Bus, cleanup: AsyncExitStack
) -> None:
    schedulers.start()
    await an_agent(gateway, agents, cleanup)
    answers = await asyncio.gather(*(gateway.call(a_submit()) for _ in range(50)))
    ids = [answer.job.id for answer in answers]

    await eventually(lambda: have_status(gateway, ids, JobStatus.COMPLETED), 30)

    assert await endings(gateway, ids) == Counter(ids)


async def test_a_repeated_submission_is_the_same_job(schedulers: Schedulers, gateway: Bus) -> None:
    schedulers.start()
    first = await gateway.call(a_submit(key="k"), within=15)
    again = await gateway.call(a_submit(key="k"))

    assert (again.job.id, first.is_replay, again.is_replay) == (first.job.id, False, True)
    listed = await gateway.call(ListJobs(actor=ADMIN, limit=1))
    assert [job.id for job in listed.items] == [first.job.id]


async def test_a_running_job_is_canceled_on_its_node(
    schedulers: Schedulers, gateway: Bus, agents: Bus, cleanup: AsyncExitStack
) -> None:
    schedulers.start()
    agent = await an_agent(gateway, agents, cleanup)
    agent.works = lambda _: False
    submitted = await gateway.call(a_submit())
    await eventually(lambda: len(agent.orders) == 1)

    canceling = await gateway.call(CancelJob(actor=ADMIN, job_id=submitted.job.id))

    assert canceling.status is JobStatus.CANCELING
    await eventually(lambda: have_status(gateway, [submitted.job.id], JobStatus.CANCELED))


async def test_jobs_outlive_a_killed_leader_and_a_standby_goes_on(
    schedulers: Schedulers, gateway: Bus, agents: Bus, cleanup: AsyncExitStack
) -> None:
    leader = schedulers.start()
    agent = await an_agent(gateway, agents, cleanup)
    agent.works = lambda _: False
    answers = await asyncio.gather(*(gateway.call(a_submit()) for _ in range(10)))
    schedulers.start()
    await eventually(lambda: len(agent.orders) == 1)

    leader.send_signal(signal.SIGKILL)
    agent.works = lambda _: True

    ids = [answer.job.id for answer in answers]
    await eventually(lambda: have_status(gateway, ids, JobStatus.COMPLETED), 30)
    assert len(agent.finished) == 10


async def test_a_standby_goes_on_for_a_stopped_leader_which_wakes_as_a_stranger(
    schedulers: Schedulers, gateway: Bus, agents: Bus, cleanup: AsyncExitStack
) -> None:
    leader = schedulers.start()
    agent = await an_agent(gateway, agents, cleanup)
    agent.works = lambda _: False
    answers = await asyncio.gather(*(gateway.call(a_submit()) for _ in range(5)))
    ids = [answer.job.id for answer in answers]
    schedulers.start()
    await eventually(lambda: schedulers.log.read_bytes().count(b"service_ready") == 2, 30)
    await eventually(lambda: len(agent.orders) == 1)

    leader.send_signal(signal.SIGSTOP)
    agent.works = lambda _: True
    await eventually(lambda: have_status(gateway, ids, JobStatus.COMPLETED), 30)
    leader.send_signal(signal.SIGCONT)
    await eventually(lambda: b"leadership_lost" in schedulers.log.read_bytes())
    after = await gateway.call(a_submit())
    await eventually(lambda: have_status(gateway, [after.job.id], JobStatus.COMPLETED))

    ids.append(after.job.id)
    assert await endings(gateway, ids) == Counter(ids)
    assert len(agent.finished) == 6


async def endings(gateway: Bus, ids: list[UUID]) -> Counter[UUID]:
    """Count the durable events that end each job, until each has one."""
    found = Counter[UUID]()
    async for stored in event_stream.follow(gateway, 0):
        if stored.subject.startswith("event.job.completed"):
            job_id = JobCompleted.decode(stored.subject, stored.body).job_id
            found[job_id] += job_id in ids
        if all(found[job_id] for job_id in ids):
            break
    return +found


async def test_a_leader_that_is_told_to_stop_hands_over_at_once(
    schedulers: Schedulers, gateway: Bus
) -> None:
    leader = schedulers.start()
    await gateway.call(a_submit(), within=15)
    schedulers.start()
    await eventually(lambda: schedulers.log.read_bytes().count(b"service_ready") == 2, 30)

    leader.send_signal(signal.SIGTERM)
    await gateway.call(a_submit(), within=10)

    assert await asyncio.to_thread(leader.wait, 10) == 0
    assert b"state_dropped" not in schedulers.log.read_bytes()


async def test_nodes_are_listed_as_they_are_and_jobs_with_their_place(
    schedulers: Schedulers, gateway: Bus, agents: Bus, cleanup: AsyncExitStack
) -> None:
    schedulers.start()
    agent = await an_agent(gateway, agents, cleanup)
    agent.works = lambda _: False
    first, second = await gateway.call(a_submit()), await gateway.call(a_submit())
    await eventually(lambda: len(agent.orders) == 1)

    nodes = await gateway.call(ListNodes(actor=ADMIN))
    [waiting] = await find(gateway, second.job.id)

    assert [(node.phase, node.running_job_ids) for node in nodes.items] == [
        (NodePhase.BUSY, [first.job.id])
    ]
    assert (waiting.status, waiting.queue_position) == (JobStatus.QUEUED, 1)


async def test_the_bucket_of_nodes_is_what_the_database_says(
    schedulers: Schedulers, gateway: Bus, agents: Bus
) -> None:
    schedulers.start()
    node = await gateway.call(an_added_node(), within=15)

    async def is_there() -> bool:
        return await read_value(agents, NODES, str(node.id)) is not None

    async def is_gone() -> bool:
        return not await is_there()

    await eventually(is_there)
    await gateway.call(RemoveNode(actor=ADMIN, node_id=node.id))
    await eventually(is_gone)

"""Answers about many large jobs and nodes: all of them, in as many answers as they need."""

import pytest

from contracts.scheduler.claims import ClaimNode
from contracts.scheduler.job_requests import FindJobs, ListJobs
from contracts.scheduler.jobs import JobStatus, JobSummary, JobView
from contracts.scheduler.node_requests import AddNode
from contracts.scheduler.nodes import NewNode, Setting
from contracts.values import new_id
from runtime.bus.client import Bus
from runtime.bus.pages import every_node
from runtime.testing.ports import eventually

from .fleet import ADMIN, FakeAgent, Schedulers, a_submit, an_added_node

PROMPTS = {"prompt": "€" * 10_000, "negative": "€" * 10_000}
LABELS = {f"key_{number}": "\x01" * 256 for number in range(16)}


@pytest.fixture(autouse=True)
def _scheduler(schedulers: Schedulers) -> None:
    schedulers.start()


async def every_job(gateway: Bus, limit: int) -> list[JobSummary]:
    found: list[JobSummary] = []
    cursor: str | None = None
    while True:
        page = await gateway.call(ListJobs(actor=ADMIN, limit=limit, cursor=cursor))
        found += page.items
        if (cursor := page.next_cursor) is None:
            return found


async def test_large_jobs_are_listed_without_inputs_and_found_with_them(gateway: Bus) -> None:
    accepted = [
        (await gateway.call(a_submit(inputs=PROMPTS, labels=LABELS), within=15)).job.id
        for _ in range(60)
    ]

    assert [job.id for job in await every_job(gateway, 60)] == accepted[::-1]
    found, left = list[JobView](), accepted
    while left:
        answer = await gateway.call(FindJobs(actor=ADMIN, job_ids=left))
        found, left = found + answer.items, answer.left
    assert sorted(job.id for job in found) == sorted(accepted)
    assert all(job.inputs == PROMPTS for job in found)


async def test_every_node_is_listed_however_large_its_settings(gateway: Bus) -> None:
    settings: dict[str, Setting] = {f"name_{number}": "x" * 2_000 for number in range(20)}
    added: list[str] = []
    for number in range(30):
        node = NewNode(name="n", base_url=f"http://10.0.0.{number}", engine_settings=settings)
        command = AddNode(actor=ADMIN, node_id=new_id(), node=node)
        added.append(str((await gateway.call(command, within=15)).id))

    assert [str(node.id) for node in await every_node(gateway, ADMIN)] == sorted(added)


async def test_a_node_with_large_attempts_can_be_claimed_again(gateway: Bus, agents: Bus) -> None:
    node = await gateway.call(an_added_node(), within=15)
    agent = FakeAgent(agents, node.id, works=lambda _: False)
    await agent.start()
    submitted = a_submit(inputs={"prompt": "x" * 250_000})
    job_id = (await gateway.call(submitted)).job.id

    async def runs() -> bool:
        [job] = (await gateway.call(FindJobs(actor=ADMIN, job_ids=[job_id]))).items
        return job.status is JobStatus.RUNNING

    await eventually(runs)
    view = await agents.call(ClaimNode(agent_id=agent.agent_id, node_id=node.id))
    await agent.stop()

    assert [order.job_id for order in view.live] == [job_id]
    assert len(view.model_dump_json()) < 10_000

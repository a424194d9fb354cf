import asyncio
from datetime import UTC, datetime

from contracts.agent import CancelAttempt
from contracts.errors import ConflictError
from contracts.message import Accepted
from contracts.scheduler.job_requests import NewJob
from contracts.values import new_id
from runtime.bus.client import Bus
from runtime.grants import verify
from runtime.testing.servers import NatsServer
from scheduler.adapters.bus_agents import BusAgents
from scheduler.domain.effects import Recall
from scheduler.domain.jobs import Attempt, Job
from scheduler.domain.occurrences import Occurrence

NOW = datetime(2026, 1, 1, tzinfo=UTC)
SECRET = "s" * 32


async def test_a_grant_says_by_what_its_results_are_found_and_whether_they_are_bare() -> None:
    spec = NewJob(
        job_id=new_id(),
        workflow="sky@2",
        version_hash="h",
        labels={"for": "a poster"},
        is_bare=True,
    )
    job = Job(spec, owner_id=new_id(), created_at=NOW)
    attempt = Attempt(new_id(), job, node_id=new_id(), number=1, created_at=NOW)
    agents = BusAgents(Bus("scheduler"), 1, SECRET, lambda _: None)
    grant = verify(agents.write_order(attempt).grant, SECRET, NOW)
    assert (grant.workflow, grant.labels, grant.is_bare) == ("sky@2", {"for": "a poster"}, True)


async def test_a_recall_of_an_older_claim_does_not_hold_up_the_new_one(nats: NatsServer) -> None:
    node_id, attempt_id = new_id(), new_id()
    answers = asyncio.Queue[Occurrence]()
    passwords = nats.passwords
    async with (
        Bus.connect(nats.url, service="scheduler", password=passwords["scheduler"]) as bus,
        Bus.connect(nats.url, service="node-agent", password=passwords["node-agent"]) as agent,
    ):
        asked = list[tuple[int, bool]]()

        async def answer(command: CancelAttempt) -> Accepted:
            asked.append((command.claim, command.is_move))
            if command.claim == 1:
                raise ConflictError("the claim is 2", code="stale_claim")
            return Accepted()

        await agent.serve(CancelAttempt, answer, shared=False, node_id=node_id)
        agents = BusAgents(bus, 1, SECRET, answers.put_nowait)
        agents.recall(Recall(node_id, 1, attempt_id))
        agents.recall(Recall(node_id, 2, attempt_id, is_move=True))
        async with asyncio.timeout(20):
            await answers.get()
        await agents.close()

    assert asked[-1] == (2, True)

"""A leader that NATS alone has left: Postgres would let it lead for ever, and nobody hears it."""

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from contracts.scheduler.job_requests import FindJobs
from contracts.scheduler.jobs import JobStatus
from runtime.bus.client import Bus
from runtime.testing.ports import eventually
from runtime.testing.postgres import PostgresServer
from runtime.testing.relay import relay
from runtime.testing.servers import NatsServer

from .fleet import ADMIN, FakeAgent, Schedulers, a_submit, an_added_node

pytestmark = pytest.mark.long


async def test_a_standby_that_hears_nats_replaces_a_leader_that_does_not(
    nats: NatsServer, postgres: PostgresServer, tmp_path: Path
) -> None:
    url, log = await postgres.database_for("scheduler"), tmp_path / "log"
    async with AsyncExitStack() as stack:
        between = await stack.enter_async_context(relay(nats.url))
        cut_off = Schedulers(nats, url, tmp_path / "cut off", f"nats://{between.endpoint}")
        others = Schedulers(nats, url, log)
        stack.callback(cut_off.kill_all)
        stack.callback(others.kill_all)
        gateway = await stack.enter_async_context(
            Bus.connect(nats.url, service="gateway", password=nats.passwords["gateway"])
        )
        agents = await stack.enter_async_context(
            Bus.connect(nats.url, service="node-agent", password=nats.passwords["node-agent"])
        )
        cut_off.start()
        node = await gateway.call(an_added_node(), within=60)
        agent = FakeAgent(agents, node.id, works=lambda _: between.mood != "well")
        await agent.start()
        stack.push_async_callback(agent.stop)
        before = await asyncio.gather(*(gateway.call(a_submit()) for _ in range(5)))
        others.start()
        await eventually(lambda: log.read_bytes().count(b"service_ready") == 1, 60)

        between.mood = "hangs up"

        after = await gateway.call(a_submit(), within=60)
        ids = [view.job.id for view in (*before, after)]

        async def all_completed() -> bool:
            found = await gateway.call(FindJobs(actor=ADMIN, job_ids=ids), within=60)
            return all(job.status is JobStatus.COMPLETED for job in found.items)

        await eventually(all_completed, 60)
        assert len(agent.finished) == len(ids)
        assert b"leadership_given_up" in cut_off.log.read_bytes()

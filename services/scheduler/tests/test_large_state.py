"""A fleet at its largest: 100 000 waiting jobs and 1 000 nodes, two schedulers, one is killed."""

import asyncio
import logging
import os
from collections.abc import Iterator
from itertools import islice
from time import monotonic
from typing import Any, TypeVar

import asyncpg
import psutil
import pytest
from pydantic import SecretStr

from contracts.scheduler.job_events import JobCanceled
from contracts.scheduler.job_requests import (
    CancelJob,
    FindJobs,
    ListJobs,
    ModelFile,
    NewJob,
    Requirements,
)
from contracts.scheduler.jobs import JobStatus
from contracts.scheduler.nodes import NewNode
from contracts.values import new_id
from runtime import clock
from runtime.bus import event_stream
from runtime.bus.client import Bus
from runtime.outbox.relay import Relay
from runtime.process.settings import DatabaseSettings
from runtime.testing.ports import eventually
from scheduler.adapters.sql_leadership import SqlLeadership, open_leader_pool
from scheduler.adapters.sql_ledger import SqlLedger
from scheduler.domain.effects import Effects
from scheduler.domain.jobs import Job
from scheduler.domain.nodes import Node, NodeCapabilities
from scheduler.domain.state import Limits
from scheduler.domain.unread import UNREAD

from .fleet import ADMIN, Schedulers

log = logging.getLogger(__name__)

T = TypeVar("T")
pytestmark = pytest.mark.long

JOBS = int(os.environ.get("LARGE_JOBS", "100000"))
NODES = int(os.environ.get("LARGE_NODES", "1000"))
CLASSES, MODELS = 1_500, 2_000
"""Of each node; a server with fifty packs of custom nodes has as many."""
WITHIN_SECONDS = 300
MOST_MEMORY_MB = 1_500
"""Of the leader."""


def nodes() -> Iterator[Node]:
    classes = frozenset(f"CustomNodeOfSomePack{n}" for n in range(CLASSES))
    models = frozenset(
        ModelFile(folder="loras", name=f"styles/a_style_{n}.safetensors") for n in range(MODELS)
    )
    for n in range(NODES):
        settings = NewNode(name=f"node {n}", base_url=f"http://10.0.{n // 250}.{n % 250}:8188")
        capabilities = NodeCapabilities(digest="d", classes=classes, models=models)
        yield Node(new_id(), settings, clock.now(), capabilities=capabilities)


def jobs() -> Iterator[Job]:
    owners = [new_id() for _ in range(100)]
    models = [ModelFile(folder="checkpoints", name="a.safetensors")]
    required = Requirements(
        classes=frozenset({"CheckpointLoaderSimple", "KSampler", "SaveImage"}),
        models=frozenset(models),
    )
    for n in range(JOBS):
        spec = NewJob(
            job_id=new_id(),
            workflow="txt2img@3",
            version_hash=f"version-{n % 50}",
            inputs={"prompt": f"a red door, number {n}, in the rain", "seed": n, "steps": 20},
            requirements=required,
        )
        yield Job(spec, owners[n % len(owners)], clock.now())


def slices(items: Iterator[T], size: int) -> Iterator[list[T]]:
    while some := list(islice(items, size)):
        yield some


async def store(url: str) -> list[Job]:
    """Commit all nodes and jobs, as leaders before would have."""
    waiting = list(jobs())
    async with open_leader_pool(DatabaseSettings(database_url=SecretStr(url))) as pool:
        leadership = SqlLeadership(pool)
        epoch = await leadership.acquire(None)
        assert epoch is not None
        ledger = SqlLedger(pool, Relay(pool.acquire, Bus("scheduler")), epoch, Limits())
        for some in slices(nodes(), 20):
            rows = {node.id: node for node in some}
            await ledger.commit(Effects(nodes=rows, capabilities=rows))
        for some in slices(iter(waiting), 1_000):
            await ledger.commit(Effects(new_jobs={job.id: job for job in some}))
        await leadership.release(epoch)
    return waiting


async def epoch_of(url: str) -> int:
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetchval("SELECT epoch FROM leader")
    finally:
        await connection.close()


async def test_a_leader_loads_all_and_a_standby_takes_over(
    schedulers: Schedulers, gateway: Bus
) -> None:
    waiting = await store(schedulers.database_url)
    first = schedulers.start()
    await use(gateway, waiting[0])
    await eventually(lambda: has_read(gateway, waiting[-1]), WITHIN_SECONDS)
    before = await epoch_of(schedulers.database_url)
    memory_mb = psutil.Process(first.pid).memory_info().rss / 1024**2
    log.info("%s jobs, %s nodes: the leader has %.0f MB", JOBS, NODES, memory_mb)
    schedulers.start()
    await eventually(lambda: schedulers.log.read_bytes().count(b"service_ready") == 2, 60)
    await use(gateway, waiting[1])
    assert await epoch_of(schedulers.database_url) == before, "the standby took the lead"

    first.kill()

    began = monotonic()
    await eventually(lambda: schedulers.log.read_bytes().count(b"term_began") == 2, WITHIN_SECONDS)
    led = monotonic()
    await use(gateway, waiting[2])
    await eventually(lambda: has_read(gateway, waiting[-1]), WITHIN_SECONDS)
    log.info("a standby leads %.2f s after the kill", led - began)
    log.info("it has read the queue %.1f s later", monotonic() - led)
    assert await epoch_of(schedulers.database_url) == before + 1
    assert memory_mb < MOST_MEMORY_MB


async def use(gateway: Bus, job: Job) -> None:
    """List, find, cancel, and hear of it."""
    listed = await gateway.call(ListJobs(actor=ADMIN, limit=10), within=WITHIN_SECONDS)
    assert len(listed.items) == 10
    found = await gateway.call(FindJobs(actor=ADMIN, job_ids=[job.id]))
    assert found.items[0].status is JobStatus.QUEUED
    heard = asyncio.create_task(hear_end(gateway, job))
    canceled = await gateway.call(CancelJob(actor=ADMIN, job_id=job.id))
    assert canceled.status is JobStatus.CANCELED
    await asyncio.wait_for(heard, 30)


async def has_read(gateway: Bus, job: Job) -> bool:
    found = await gateway.call(FindJobs(actor=ADMIN, job_ids=[job.id]))
    return found.items[0].reason != UNREAD


async def hear_end(gateway: Bus, job: Job) -> Any:
    async for stored in event_stream.follow(gateway, 0):
        if stored.subject.startswith("event.job.canceled"):
            event = JobCanceled.decode(stored.subject, stored.body)
            if event.job_id == job.id:
                return event
    raise AssertionError

"""Measures jobs a second through every process but the engine.

Thirty users submit over HTTP and watch over SSE. Agents without an engine finish each attempt at
once, without files. A job counts when its user receives the terminal event.
"""

import asyncio
import json
import time
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, closing, contextmanager
from dataclasses import dataclass
from functools import partial
from uuid import UUID

from sqlalchemy.ext.asyncio import create_async_engine

from auth.adapters.bcrypt_passwords import BcryptPasswords
from auth.adapters.sql_work import SqlUnitOfWork
from auth.domain import users as accounts
from auth.domain.roles import BUILT_IN, USER
from bench.wire import connected
from comfyfleet import CommandError
from comfyfleet.client.api import FleetClient
from comfyfleet.testing import LocalFleet
from contracts.agent import AttemptEnd, CancelAttempt, FinishAttempt, Outcome, RunAttempt
from contracts.message import Accepted
from contracts.scheduler.claims import ClaimNode, ClaimView, NodeBeat, ReportCapabilities
from contracts.scheduler.nodes import Capabilities
from contracts.values import new_id
from runtime.bus.client import Bus
from runtime.clock import now
from runtime.postgres.engine import sqlalchemy_url
from runtime.process.retry import retry

USERS = 30
NODES = 16
WAITING_PER_USER = 8
POOL = "bench"
CLASSES = ["EmptyImage", "SaveImage", "LoadImage", "ImageScale"]
KNOWN = Capabilities(digest="bench", engine_version="bench", classes=CLASSES, models=[])
PASSWORD = "a bench password"
HASHING_COST = 4
BODY = json.dumps({"workflow": "solid", "inputs": {}}).encode()


@dataclass(frozen=True, slots=True)
class Throughput:
    jobs: int
    seconds: float
    refused: int

    @property
    def jobs_per_second(self) -> float:
        return self.jobs / self.seconds


async def measure(fleet: LocalFleet, jobs: int) -> Throughput:
    """Push `jobs` jobs through; raises if one does not end well."""
    tokens = await make_users(fleet, [f"user{n}@bench.local" for n in range(USERS)])
    node_ids = add_nodes(fleet)
    async with agents(fleet, node_ids):
        with without_engines(fleet):
            return await push(fleet, tokens, jobs)


async def push(fleet: LocalFleet, tokens: list[str], jobs: int) -> Throughput:
    users = [User(fleet.url, token, jobs // USERS) for token in tokens]
    watching = [asyncio.create_task(user.watch()) for user in users]
    await asyncio.gather(*(user.is_watching.wait() for user in users))
    begun = time.perf_counter()
    await asyncio.gather(*(user.submit() for user in users))
    await asyncio.wait_for(asyncio.gather(*watching), 300)
    seconds = time.perf_counter() - begun
    done = sum(user.completed for user in users)
    return Throughput(done, seconds, sum(user.refused for user in users))


class User:
    """A user who keeps at most a few jobs waiting, and watches all of them on one stream."""

    def __init__(self, url: str, token: str, jobs: int) -> None:
        self.completed = 0
        self.refused = 0
        self.is_watching = asyncio.Event()
        self._url, self._token, self._jobs = url, token, jobs
        self._slots = asyncio.Semaphore(WAITING_PER_USER)

    async def submit(self) -> None:
        async with connected(self._url, self._token) as connection:
            for _ in range(self._jobs):
                await self._slots.acquire()
                status, body = await connection.post("/v1/jobs", BODY)
                while status in {429, 503}:
                    self.refused += 1
                    await asyncio.sleep(0.05)
                    status, body = await connection.post("/v1/jobs", BODY)
                if status != 201:
                    raise RuntimeError(body.decode())

    async def watch(self) -> None:
        async with connected(self._url, self._token) as connection:
            asyncio.get_running_loop().call_later(0.5, self.is_watching.set)
            async for name, _data in connection.events("/v1/events"):
                if name == "job.completed":
                    self.completed += 1
                    self._slots.release()
                elif name in {"job.failed", "job.canceled", "job.expired"}:
                    raise RuntimeError(f"a job ended with {name}")
                if self.completed == self._jobs:
                    break


def add_nodes(fleet: LocalFleet) -> list[UUID]:
    """Add nodes of a pool that no real agent claims."""
    nodes = [
        {"name": f"bench{n}", "base_url": f"http://127.0.0.1:{n + 1}", "pool": POOL}
        for n in range(NODES)
    ]
    with closing(fleet.client()) as client:
        return [UUID(client.call("POST", "/v1/nodes", json=node).json()["id"]) for node in nodes]


@contextmanager
def without_engines(fleet: LocalFleet) -> Generator[None, None, None]:
    """Remove the nodes with an engine, and add them again in the end."""
    with closing(fleet.client()) as client:
        engines = [node for node in client.nodes() if node.pool != POOL]
        for node in engines:
            client.remove_node(node.id)
        try:
            yield
        finally:
            for node in engines:
                client.add_node(node.name, node.base_url, node.labels)


@asynccontextmanager
async def agents(fleet: LocalFleet, node_ids: list[UUID]) -> AsyncGenerator[None, None]:
    """Claim all these nodes and hold them until the context ends."""
    password = fleet.secrets.nats["node-agent"]
    connection = Bus.connect(fleet.nats_url, service="node-agent", password=password)
    async with connection as bus, asyncio.TaskGroup() as reports:
        agent_id, beats = new_id(), list[asyncio.Task[None]]()
        for node_id in node_ids:
            claimed = await bus.call(ClaimNode(agent_id=agent_id, node_id=node_id))
            await bus.serve(
                RunAttempt, partial(run, bus, reports, claimed.claim), shared=False, node_id=node_id
            )
            await bus.serve(CancelAttempt, accept, shared=False, node_id=node_id)
            await bus.call(
                ReportCapabilities(node_id=node_id, claim=claimed.claim, capabilities=KNOWN)
            )
            beats.append(asyncio.create_task(beat(bus, claimed)))
        try:
            yield
        finally:
            for task in beats:
                task.cancel()


async def beat(bus: Bus, claimed: ClaimView) -> None:
    node = claimed.node
    while True:
        await bus.signal(
            NodeBeat(
                node_id=node.node_id,
                claim=claimed.claim,
                is_reachable=True,
                passed_trial=node.trial,
            )
        )
        await asyncio.sleep(1)


async def run(bus: Bus, reports: asyncio.TaskGroup, claim: int, command: RunAttempt) -> Accepted:
    """Accept an attempt, and report its end in a task of its own, as a real agent does."""
    finish = FinishAttempt(
        node_id=command.node_id,
        claim=claim,
        attempt_id=command.order.attempt_id,
        end=AttemptEnd(outcome=Outcome.COMPLETED),
    )
    reports.create_task(bus.call(finish))
    return Accepted()


async def accept(_command: CancelAttempt) -> Accepted:
    return Accepted()


async def make_users(fleet: LocalFleet, names: list[str]) -> list[str]:
    """Add users and return an access token of each, once the gateway knows them all."""
    engine = create_async_engine(sqlalchemy_url(fleet.database_url("auth")))
    try:
        with BcryptPasswords.open(cost=HASHING_COST, threads=1) as passwords:
            digest = await passwords.hash(PASSWORD)
        async with SqlUnitOfWork(engine, lambda: None)() as work:
            await work.lock()
            for name in names:
                await work.save_user(
                    accounts.User(
                        id=new_id(),
                        email=name,
                        name=name,
                        role=BUILT_IN[USER],
                        password_hash=digest,
                        created_at=now(),
                    )
                )
    finally:
        await engine.dispose()
    return [await log_in(fleet.url, name) for name in names]


async def log_in(url: str, name: str) -> str:
    """Return a token once the gateway has read the user from its bucket, soon after the commit."""
    with closing(FleetClient(url)) as client:
        token = client.log_in(name, PASSWORD)
        await retry(
            lambda: asyncio.to_thread(client.call, "GET", "/v1/me"),
            awaited="the user at the gateway",
            errors=(CommandError,),
        )
    return token

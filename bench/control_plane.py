"""Measures jobs a second through every process but the engine.

Thirty users submit over HTTP and watch over SSE. Agents without an engine finish each attempt at
once, without files. A job counts when its user receives the terminal event.
"""

import asyncio
import json
import time
from collections.abc import Generator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from uuid import UUID

from bench.agents import agents
from bench.users import make_users
from bench.wire import connected
from comfyfleet.testing import LocalFleet

USERS = 30
NODES = 16
WAITING_PER_USER = 8
POOL = "bench"
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
    tokens = await make_users(fleet, USERS)
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

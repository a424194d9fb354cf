"""Measures the time that the fleet adds to one job, and pictures a second with engine and S3.

A trivial graph goes in turn straight to the engine and through the fleet, at about one job a
second. Each measurement ends when the caller could download the picture.
"""

import asyncio
import statistics
import time
from collections.abc import Awaitable
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import httpx

from bench.wire import Connection, connected
from comfyfleet.testing import LocalFleet


@dataclass(frozen=True, slots=True)
class Added:
    """Medians in milliseconds."""

    direct_ms: float
    fleet_ms: float

    @property
    def added_ms(self) -> float:
        return self.fleet_ms - self.direct_ms


async def added_latency(fleet: LocalFleet, engine: str, token: str, rounds: int) -> Added:
    """Interleave direct and fleet jobs, so that both see the same machine."""
    direct, through = list[float](), list[float]()
    async with (
        httpx.AsyncClient(base_url=engine, timeout=30) as to_engine,
        httpx.AsyncClient(base_url=fleet.url, timeout=60) as to_fleet,
    ):
        to_fleet.headers["Authorization"] = f"Bearer {token}"
        for n in range(rounds):
            direct.append(await timed(run_direct(to_engine, n)))
            await asyncio.sleep(0.5)
            through.append(await timed(run_through(to_fleet, n)))
            await asyncio.sleep(0.5)
    return Added(statistics.median(direct), statistics.median(through))


async def timed(sample: Awaitable[None]) -> float:
    begun = time.perf_counter()
    await sample
    return (time.perf_counter() - begun) * 1_000


async def run_direct(http: httpx.AsyncClient, n: int) -> None:
    """Post the graph, and poll the history until it has the picture."""
    prompt_id = str(uuid4())
    body = {"prompt": graph(n), "prompt_id": prompt_id, "client_id": "bench"}
    (await http.post("/prompt", json=body)).raise_for_status()
    while not (await http.get(f"/history/{prompt_id}")).json():
        await asyncio.sleep(0.001)


async def run_through(http: httpx.AsyncClient, n: int) -> None:
    """Submit the job and wait for its end in one request."""
    body = {"workflow": "solid", "inputs": {"color": n, "width": 64, "height": 64}}
    answer = await http.post("/v1/jobs", json=body, headers={"Prefer": "wait=30"})
    job = answer.json()
    if job.get("status") != "completed":
        raise RuntimeError(f"the job is {job}")


def graph(n: int) -> dict[str, Any]:
    size = {"width": 64, "height": 64, "batch_size": 1, "color": n}
    save = {"images": ["1", 0], "filename_prefix": f"bench/{uuid4()}"}
    return {
        "1": {"class_type": "EmptyImage", "inputs": size},
        "2": {"class_type": "SaveImage", "inputs": save},
    }


async def pictures_per_second(fleet: LocalFleet, token: str, jobs: int) -> float:
    """Submit many jobs that each make a picture, and wait for the last to complete."""
    async with connected(fleet.url, token) as connection, connected(fleet.url, token) as watching:
        done = asyncio.create_task(completions(watching, jobs))
        await asyncio.sleep(0.5)
        begun = time.perf_counter()
        for n in range(jobs):
            body = f'{{"workflow": "solid", "inputs": {{"color": {n}}}}}'.encode()
            status, answer = await connection.post("/v1/jobs", body)
            if status != 201:
                raise RuntimeError(answer.decode())
        await asyncio.wait_for(done, 300)
        return jobs / (time.perf_counter() - begun)


async def completions(connection: Connection, count: int) -> None:
    async for name, _data in connection.events("/v1/events"):
        if name == "job.completed":
            count -= 1
        if not count:
            break

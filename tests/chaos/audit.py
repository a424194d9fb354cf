"""Holds every accepted job to account: all ended exactly once, and no work was done twice."""

import asyncio
import json
import time
from collections import Counter
from collections.abc import Iterable
from typing import Any

import asyncpg
import httpx

from comfyfleet.testing import LocalFleet

TERMINAL = {"job.completed", "job.failed", "job.canceled", "job.expired"}


def wait_for_the_end(fleet: LocalFleet, job_ids: list[str], *, within: float) -> None:
    waiting, deadline = set(job_ids), time.monotonic() + within
    with fleet.http(timeout=10) as http:
        while waiting:
            left = sorted(waiting)
            assert time.monotonic() < deadline, [http.get(f"/v1/jobs/{i}").json() for i in left]
            for job_id in left:
                if not has_ended(http, job_id):
                    break  # the others are asked once this one has ended
                waiting.remove(job_id)
            time.sleep(0.2)


def has_ended(http: httpx.Client, job_id: str) -> bool:
    try:
        answer = http.get(f"/v1/jobs/{job_id}")
    except httpx.TransportError:
        return False
    return answer.is_success and answer.json()["status"] in {"completed", "failed", "canceled"}


def assert_each_ended_once(fleet: LocalFleet, job_ids: list[str]) -> dict[str, str]:
    """Read the durable events; return how each job ended, by job id."""
    endings = terminal_events(fleet, set(job_ids))
    assert Counter(job_id for job_id, _ in endings) == Counter(job_ids), "one ending for each"
    return dict(endings)


def terminal_events(fleet: LocalFleet, job_ids: set[str]) -> list[tuple[str, str]]:
    """Job and name of each terminal event in the stream, up to the end of one more job."""
    body: dict[str, Any] = {"workflow": "solid", "inputs": {}}
    with fleet.http(timeout=30) as http:
        last = http.post("/v1/jobs", json=body).json()["id"]
        with http.stream("GET", "/v1/events", headers={"Last-Event-ID": "0"}) as response:
            found = endings_until(last, response)
    return [ending for ending in found if ending[0] in job_ids]


def endings_until(last: str, response: httpx.Response) -> list[tuple[str, str]]:
    found, name = list[tuple[str, str]](), ""
    for line in response.iter_lines():
        field, _, value = line.partition(": ")
        if field == "event":
            name = value
        elif field == "data" and name in TERMINAL:
            data: dict[str, Any] = json.loads(value)
            found.append((str(data.get("id") or data.get("job_id")), name))
            if found[-1][0] == last:
                return found
    raise AssertionError("the stream ended before the last job did")


def executed(attempts: Iterable[str], *engines: str) -> int:
    """Count the attempts that the engines at these addresses have run, by their own account.

    The prompt of an attempt has its id. Engines also run prompts that try them.
    """
    prompts = set[str]()
    for engine in engines:
        answer = httpx.get(f"{engine}/history", params={"max_items": 100_000}, timeout=60)
        prompts |= answer.json().keys()
    return len(prompts.intersection(attempts))


def engine_of(fleet: LocalFleet) -> str:
    """Return the address of the fleet's own preview engine."""
    return f"http://127.0.0.1:{fleet.port('preview-engine')}"


def causes(fleet: LocalFleet, job_ids: list[str]) -> dict[str, str]:
    """Return the cause of each attempt's end, by attempt; `completed` for the good ones."""
    return asyncio.run(read_causes(fleet.database_url("scheduler"), job_ids))


async def read_causes(url: str, job_ids: list[str]) -> dict[str, str]:
    connection = await asyncpg.connect(url)
    try:
        rows = await connection.fetch(
            "SELECT id, coalesce(cause, outcome) AS cause FROM attempts"
            " WHERE job_id = ANY($1::uuid[])",
            job_ids,
        )
    finally:
        await connection.close()
    return {str(row["id"]): row["cause"] for row in rows}

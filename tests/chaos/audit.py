"""Holds every accepted job to account: all ended exactly once, and no work was done twice."""

import asyncio
import json
import time
from collections import Counter
from typing import Any

import asyncpg
import httpx

from comfyfleet.testing import LocalFleet

TERMINAL = {"job.completed", "job.failed", "job.canceled", "job.expired"}


def wait_for_the_end(fleet: LocalFleet, token: str, job_ids: list[str], *, within: float) -> None:
    waiting, deadline = set(job_ids), time.monotonic() + within
    headers = {"Authorization": f"Bearer {token}"}
    with httpx.Client(base_url=fleet.url, headers=headers, timeout=10) as http:
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


def assert_each_ended_once(fleet: LocalFleet, token: str, job_ids: list[str]) -> dict[str, str]:
    """Read the durable events; return how each job ended, by job id."""
    endings = terminal_events(fleet, token, set(job_ids))
    assert Counter(job_id for job_id, _ in endings) == Counter(job_ids), "one ending for each"
    return dict(endings)


def terminal_events(fleet: LocalFleet, token: str, job_ids: set[str]) -> list[tuple[str, str]]:
    """Job and name of each terminal event in the stream, up to the end of one more job."""
    headers = {"Authorization": f"Bearer {token}", "Last-Event-ID": "0"}
    body: dict[str, Any] = {"workflow": "solid", "inputs": {}}
    last = httpx.post(f"{fleet.url}/v1/jobs", json=body, headers=headers, timeout=30).json()["id"]
    found = list[tuple[str, str]]()
    timeout = httpx.Timeout(10, read=30)
    with (
        httpx.Client(base_url=fleet.url, headers=headers, timeout=timeout) as http,
        http.stream("GET", "/v1/events") as response,
    ):
        name = ""
        for line in response.iter_lines():
            field, _, value = line.partition(": ")
            if field == "event":
                name = value
            elif field == "data" and name in TERMINAL:
                data: dict[str, Any] = json.loads(value)
                job_id = str(data.get("id") or data.get("job_id"))
                found += [(job_id, name)] if job_id in job_ids else []
                if job_id == last:
                    return found
    raise AssertionError("the stream ended before the last job did")


def executed(fleet: LocalFleet) -> int:
    """Prompts that the engine has run, by its own account."""
    engine = f"http://127.0.0.1:{fleet.port('preview-engine')}"
    return len(httpx.get(f"{engine}/history", params={"max_items": 100_000}, timeout=60).json())


def attempts_by_cause(fleet: LocalFleet, job_ids: list[str]) -> Counter[str]:
    """Count the attempts of the jobs by the cause of their end; `completed` for the good ones."""
    return asyncio.run(count_attempts(fleet.database_url("scheduler"), job_ids))


async def count_attempts(url: str, job_ids: list[str]) -> Counter[str]:
    connection = await asyncpg.connect(url)
    try:
        rows = await connection.fetch(
            "SELECT coalesce(cause, outcome) AS cause, count(*) AS attempts FROM attempts"
            " WHERE job_id = ANY($1::uuid[]) GROUP BY 1",
            job_ids,
        )
    finally:
        await connection.close()
    return Counter({row["cause"]: row["attempts"] for row in rows})

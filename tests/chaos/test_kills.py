"""Kills of any process lose no job, end none twice, and repeat no GPU work.

Each test kills one process in the middle of a stream of jobs, waits for the end of all, and
then reads the durable events and the engine's own history.
"""

import json
import os
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import httpx
import pytest

from comfyfleet.testing import LocalFleet

JOBS = int(os.environ.get("CHAOS_JOBS", "10"))
TERMINAL = {"job.completed", "job.failed", "job.canceled", "job.expired"}
END_SECONDS = 90
SERVICES = ["gateway", "scheduler", "node-agent", "media", "workflow-registry", "auth"]
SERVERS = ["nats", "postgres", "s3"]


class Stream:
    """Submits a job every tenth of a second, and again with the same key until it is accepted."""

    def __init__(self, fleet: LocalFleet, token: str) -> None:
        self.accepted = list[str]()
        self._name = uuid4()  # an address of memory comes again, and its jobs would be replayed
        self._url = fleet.url
        self._headers = {"Authorization": f"Bearer {token}"}
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def wait(self) -> list[str]:
        self._thread.join(END_SECONDS)
        assert not self._thread.is_alive(), "not every job was accepted in time"
        return self.accepted

    def _run(self) -> None:
        with httpx.Client(base_url=self._url, headers=self._headers, timeout=10) as http:
            for n in range(JOBS):
                self.accepted.append(self._submit(http, n))
                time.sleep(0.1)

    def _submit(self, http: httpx.Client, n: int) -> str:
        key = {"Idempotency-Key": f"{self._name}-{n}"}
        body = {"workflow": "txt2img", "inputs": {"prompt": f"job {n}", "seed": n, "steps": 4}}
        while True:
            try:
                answer = http.post("/v1/jobs", json=body, headers=key)
            except httpx.TransportError:
                time.sleep(0.2)
                continue
            if answer.status_code == 201:
                return answer.json()["id"]
            assert answer.status_code in {401, 429, 503}, answer.text
            time.sleep(0.2)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", [*SERVICES, *SERVERS])
def test_after_a_kill_every_job_ends_once_and_ran_once(
    fleet: LocalFleet, token: str, name: str
) -> None:
    before = executed(fleet)
    ended, after = in_the_middle(fleet, token, lambda: os.kill(fleet.pid(name), signal.SIGKILL))
    assert set(ended.values()) == {"job.completed"}
    assert after - before == JOBS


@pytest.mark.timeout(300)
def test_after_the_engine_was_killed_every_job_ends_once(fleet: LocalFleet, token: str) -> None:
    ended, _ = in_the_middle(
        fleet, token, lambda: os.kill(fleet.pid("preview-engine"), signal.SIGKILL)
    )
    assert set(ended.values()) == {"job.completed"}


@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", ["scheduler", "node-agent"])
def test_a_process_that_stood_still_overwrites_nothing(
    fleet: LocalFleet, token: str, name: str
) -> None:
    def stand_still() -> None:
        pid = fleet.pid(name)
        os.kill(pid, signal.SIGSTOP)
        time.sleep(6)  # longer than every lease: it must come back as a stranger
        os.kill(pid, signal.SIGCONT)

    before = executed(fleet)
    ended, after = in_the_middle(fleet, token, stand_still)
    assert set(ended.values()) == {"job.completed"}
    assert after - before == JOBS


def in_the_middle(
    fleet: LocalFleet, token: str, happen: Callable[[], None]
) -> tuple[dict[str, str], int]:
    """Let it happen during a stream of jobs.

    Return how each of them ended, by job id, and how many prompts the engine then has run.
    """
    stream = Stream(fleet, token)
    stream.start()
    while len(stream.accepted) < JOBS // 2:
        time.sleep(0.02)
    happen()
    job_ids = stream.wait()
    assert len(set(job_ids)) == JOBS
    wait_for_the_end(fleet, token, job_ids)
    after = executed(fleet)
    endings = terminal_events(fleet, token, set(job_ids))
    assert Counter(job_id for job_id, _ in endings) == Counter(job_ids), "one ending for each"
    return dict(endings), after


def wait_for_the_end(fleet: LocalFleet, token: str, job_ids: list[str]) -> None:
    waiting, deadline = set(job_ids), time.monotonic() + END_SECONDS
    headers = {"Authorization": f"Bearer {token}"}
    with httpx.Client(base_url=fleet.url, headers=headers, timeout=10) as http:
        while waiting:
            assert time.monotonic() < deadline, [http.get(f"/v1/jobs/{i}").json() for i in waiting]
            waiting -= {job_id for job_id in waiting if has_ended(http, job_id)}
            time.sleep(0.2)


def has_ended(http: httpx.Client, job_id: str) -> bool:
    try:
        answer = http.get(f"/v1/jobs/{job_id}")
    except httpx.TransportError:
        return False
    return answer.is_success and answer.json()["status"] in {"completed", "failed", "canceled"}


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
    return len(httpx.get(f"{engine}/history", params={"max_items": 10_000}, timeout=30).json())

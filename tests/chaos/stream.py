"""A stream of jobs at a steady rate, each submitted with one key until it is accepted."""

import asyncio
import threading
import time
from dataclasses import dataclass
from itertools import count
from uuid import uuid4

import httpx

from comfyfleet.testing import ADMIN_EMAIL, LocalFleet

AGAIN_SECONDS = 0.2
TRY_SECONDS = 10.0
CREATED, UNAUTHORIZED = 201, 401
REFUSALS = {UNAUTHORIZED, 429, 503}
"""Answers after which a client tries again."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """A job that was answered with 201."""

    job_id: str
    submit_seconds: float
    """From the first try to the answer, as the caller waited."""


class Stream:
    """Submits jobs from a thread of its own: so many of them, or until `finish`."""

    def __init__(self, fleet: LocalFleet, *, per_second: float, jobs: int | None = None) -> None:
        self.accepted = list[Accepted]()
        self._finish = threading.Event()
        self._fleet, self._jobs, self._pause = fleet, jobs, 1 / per_second
        self._name = uuid4()  # an address of memory comes again, and its jobs would be replayed
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def wait_until_accepted(self, number: int) -> None:
        while len(self.accepted) < number and self._thread.is_alive():
            time.sleep(0.02)

    def wait(self, seconds: float) -> list[Accepted]:
        """Return all accepted jobs; raises if a job was not accepted within that time."""
        self._thread.join(seconds)
        if self._error:
            raise self._error
        assert not self._thread.is_alive(), f"only {len(self.accepted)} jobs were accepted"
        return self.accepted

    def finish(self, seconds: float) -> list[Accepted]:
        """Submit no more, and wait for those that were."""
        self._finish.set()
        return self.wait(seconds)

    def _run(self) -> None:
        try:
            asyncio.run(self._submit_all())
        except BaseException as error:  # noqa: BLE001  it is raised by `wait`
            self._error = error

    async def _submit_all(self) -> None:
        began = time.monotonic()
        limits = httpx.Limits(max_connections=None)
        async with (
            httpx.AsyncClient(base_url=self._fleet.url, timeout=TRY_SECONDS, limits=limits) as http,
            asyncio.TaskGroup() as group,
        ):
            await self._log_in(http)
            for number in count() if self._jobs is None else range(self._jobs):
                if self._finish.is_set():
                    break
                await asyncio.sleep(began + number * self._pause - time.monotonic())
                group.create_task(self._submit(http, number))

    async def _submit(self, http: httpx.AsyncClient, number: int) -> None:
        began = time.monotonic()
        key = {"Idempotency-Key": f"{self._name}-{number}"}
        inputs = {"prompt": f"job {number}", "seed": number, "steps": 4}
        body = {"workflow": "txt2img", "inputs": inputs}
        while True:
            answer = await attempt(http, "/v1/jobs", headers=key, json=body)
            if answer and answer.status_code == CREATED:
                seconds = time.monotonic() - began
                self.accepted.append(Accepted(answer.json()["id"], seconds))
                return
            if answer and answer.status_code == UNAUTHORIZED:
                await self._log_in(http)
            await asyncio.sleep(AGAIN_SECONDS)

    async def _log_in(self, http: httpx.AsyncClient) -> None:
        """Get a token; the one before may have expired."""
        form = {"username": ADMIN_EMAIL, "password": self._fleet.secrets.admin_password}
        while True:
            answer = await attempt(http, "/v1/auth/token", data=form)
            if answer and answer.is_success:
                http.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
                return
            await asyncio.sleep(AGAIN_SECONDS)


async def attempt(http: httpx.AsyncClient, path: str, **request: object) -> httpx.Response | None:
    """Return the answer; None if the gateway is away. Raise for an answer that no kill explains."""
    try:
        answer = await http.post(path, **request)  # pyright: ignore[reportArgumentType]
    except httpx.TransportError:
        return None
    assert answer.is_success or answer.status_code in REFUSALS, answer.text
    return answer

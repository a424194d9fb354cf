"""A fleet whose processes are killed and stopped all the time: no job is lost, and few wait long.

`CHAOS_JOBS` and `CHAOS_KILLS` set the size, e.g. 10000 and 200. The test prints its figures.
"""

import os
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from statistics import quantiles
from time import monotonic

import httpx
import pytest

from comfyfleet.testing import LocalFleet
from runtime.supervision.child import python
from runtime.testing.ports import free_port, wait_for_port, wait_until

from .audit import (
    assert_each_ended_once,
    causes,
    engine_of,
    executed,
    wait_for_the_end,
)
from .stream import Stream
from .test_kills import SERVERS, SERVICES

JOBS = int(os.environ.get("CHAOS_JOBS", "1000"))
PER_SECOND = float(os.environ.get("CHAOS_JOBS_PER_SECOND", "6"))
PAUSE_SECONDS = float(os.environ.get("CHAOS_PAUSE_SECONDS", "4"))
KILLS = int(os.environ.get("CHAOS_KILLS", "1000000"))
STOPPED_SECONDS = 6.0
"""Longer than every lease."""
END_SECONDS = 600.0
ENGINES = 4


@dataclass
class Killer:
    """Kills one process after the other, or stops one for a while, until it is told to end."""

    fleet: LocalFleet
    random: Random
    done: list[str] = field(default_factory=list[str])
    _end: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        while len(self.done) < KILLS and not self._end.wait(PAUSE_SECONDS):
            name = self.random.choice([*SERVICES, *SERVERS])
            try:
                pid = self.fleet.pid(name)
                if self.random.random() < 0.1:
                    self.stop_for_a_while(pid)
                else:
                    os.kill(pid, signal.SIGKILL)
            except (LookupError, ProcessLookupError):
                continue  # it has not been started again since the kill before
            self.done.append(name)

    def stop_for_a_while(self, pid: int) -> None:
        os.kill(pid, signal.SIGSTOP)
        self._end.wait(STOPPED_SECONDS)
        os.kill(pid, signal.SIGCONT)

    def end(self) -> None:
        self._end.set()


@pytest.fixture
def engines(fleet: LocalFleet, tmp_path: Path) -> Generator[list[str], None, None]:
    """Give the fleet four engines: one alone runs five jobs a second, and six come."""
    with fleet.http() as api, ExitStack() as stack:
        added = [
            stack.enter_context(added_engine(api, f"engine-{number}", tmp_path))
            for number in range(2, ENGINES + 1)
        ]
        yield [engine_of(fleet), *added]


@contextmanager
def added_engine(api: httpx.Client, name: str, folder: Path) -> Generator[str, None, None]:
    """Start an engine, and have it as a node until the block ends."""
    port = free_port()
    url, home = f"http://127.0.0.1:{port}", str(folder / name)
    command = python("-m", "preview_engine", "--port", str(port), "--home", home)
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as engine:
        try:
            wait_for_port(port)
            node = api.post("/v1/nodes", json={"name": name, "base_url": url}).json()
            path = f"/v1/nodes/{node['id']}"
            wait_until(lambda: api.get(path).json()["phase"] == "ready", "it is not used", 60)
            yield url
            api.delete(path)
        finally:
            engine.terminate()


@pytest.mark.long
@pytest.mark.timeout(0)
def test_under_kills_every_job_ends_once_and_callers_wait_seconds(
    fleet: LocalFleet, engines: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    began = monotonic()
    stream = Stream(fleet, per_second=PER_SECOND, jobs=JOBS)
    killer = Killer(fleet, Random(1))  # noqa: S311  (it has to replay)
    killing = threading.Thread(target=killer.run, daemon=True)
    stream.start()
    killing.start()
    accepted = stream.wait(JOBS / PER_SECOND + END_SECONDS)
    accepted_after = monotonic() - began
    killer.end()
    killing.join()
    job_ids = [job.job_id for job in accepted]
    wait_for_the_end(fleet, job_ids, within=END_SECONDS)
    ended_after = monotonic() - began

    cuts = quantiles([job.submit_seconds for job in accepted], n=100)
    attempts = causes(fleet, job_ids)
    ends = Counter(attempts.values())
    repeated = executed(attempts, *engines) - JOBS
    figures = {
        "jobs": JOBS,
        "kills and stops": len(killer.done),
        "submit p50 / p95 / p99 s": " / ".join(f"{cuts[n - 1]:.2f}" for n in (50, 95, 99)),
        "last accepted, last ended after s": f"{accepted_after:.0f}, {ended_after:.0f}",
        "submitted within s": f"{JOBS / PER_SECOND:.0f}",
        "attempts": dict(ends),
        "executions repeated": repeated,
    }
    with capsys.disabled():
        sys.stdout.writelines(f"\n{name}: {value}" for name, value in figures.items())
    assert len(set(job_ids)) == JOBS
    ended = assert_each_ended_once(fleet, job_ids)
    assert set(ended.values()) == {"job.completed"}
    assert repeated <= ends["lost"], "work was done again that was not lost"

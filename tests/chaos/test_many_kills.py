"""A fleet whose processes are killed and stopped all the time: no job is lost, and few wait long.

`CHAOS_JOBS` and `CHAOS_KILLS` set the size, e.g. 10000 and 200. The test prints its figures.
"""

import os
import signal
import sys
import threading
from dataclasses import dataclass, field
from random import Random
from statistics import quantiles
from time import monotonic

import pytest

from comfyfleet.testing import LocalFleet

from .audit import assert_each_ended_once, attempts_by_cause, executed, wait_for_the_end
from .stream import Stream
from .test_kills import SERVERS, SERVICES

JOBS = int(os.environ.get("CHAOS_JOBS", "1000"))
PER_SECOND = float(os.environ.get("CHAOS_JOBS_PER_SECOND", "6"))
PAUSE_SECONDS = float(os.environ.get("CHAOS_PAUSE_SECONDS", "4"))
KILLS = int(os.environ.get("CHAOS_KILLS", "1000000"))
STOPPED_SECONDS = 6.0
"""Longer than every lease."""
END_SECONDS = 600.0


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


@pytest.mark.long
@pytest.mark.timeout(0)
def test_under_kills_every_job_ends_once_and_callers_wait_seconds(
    fleet: LocalFleet, token: str, capsys: pytest.CaptureFixture[str]
) -> None:
    before, began = executed(fleet), monotonic()
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
    wait_for_the_end(fleet, token, job_ids, within=END_SECONDS)
    ended_after = monotonic() - began

    cuts = quantiles([job.submit_seconds for job in accepted], n=100)
    attempts = attempts_by_cause(fleet, job_ids)
    repeated = executed(fleet) - before - JOBS
    figures = {
        "jobs": JOBS,
        "kills and stops": len(killer.done),
        "submit p50 / p95 / p99 s": " / ".join(f"{cuts[n - 1]:.2f}" for n in (50, 95, 99)),
        "last accepted, last ended after s": f"{accepted_after:.0f}, {ended_after:.0f}",
        "submitted within s": f"{JOBS / PER_SECOND:.0f}",
        "attempts": dict(attempts),
        "executions repeated": repeated,
    }
    with capsys.disabled():
        sys.stdout.writelines(f"\n{name}: {value}" for name, value in figures.items())
    assert len(set(job_ids)) == JOBS
    ended = assert_each_ended_once(fleet, token, job_ids)
    assert set(ended.values()) == {"job.completed"}
    assert repeated <= attempts["lost"], "work was done again that was not lost"

"""Kills of any process lose no job, end none twice, and repeat no GPU work.

During one stream of jobs each process is killed as soon as the one before is back, and some are
stopped for longer than every lease. Then the durable events and the engine's own history are read.
"""

import os
import signal
import time
from collections import Counter
from collections.abc import Generator
from contextlib import contextmanager

import pytest

from comfyfleet.supervision import state
from comfyfleet.testing import LocalFleet
from runtime.testing.ports import wait_until

from .audit import (
    assert_each_ended_once,
    causes,
    engine_of,
    executed,
    wait_for_the_end,
)
from .stream import Stream

PER_SECOND = float(os.environ.get("CHAOS_JOBS_PER_SECOND", "1"))
END_SECONDS = 180
STOPPED_SECONDS = 6.0
"""Longer than every lease: the process must come back as a stranger."""
SERVICES = ["gateway", "scheduler", "node-agent", "media", "workflow-registry", "auth", "webhooks"]
SERVERS = ["nats", "postgres", "s3"]


@pytest.mark.timeout(600)
def test_after_a_kill_of_each_process_every_job_ends_once_and_ran_once(
    fleet: LocalFleet,
) -> None:
    with jobs_meanwhile(fleet):
        for name in (*SERVICES, *SERVERS):
            kill(fleet, name)


@pytest.mark.timeout(400)
def test_a_process_that_stood_still_overwrites_nothing(fleet: LocalFleet) -> None:
    with jobs_meanwhile(fleet):
        for name in ("scheduler", "node-agent"):
            pid = fleet.pid(name)
            os.kill(pid, signal.SIGSTOP)
            time.sleep(STOPPED_SECONDS)
            os.kill(pid, signal.SIGCONT)


@pytest.mark.timeout(400)
def test_after_the_engine_was_killed_every_job_ends_once(fleet: LocalFleet) -> None:
    with jobs_meanwhile(fleet, may_repeat=True):
        kill(fleet, "preview-engine")


@contextmanager
def jobs_meanwhile(fleet: LocalFleet, *, may_repeat: bool = False) -> Generator[None, None, None]:
    """Submit jobs while the block runs; then hold each to account."""
    stream = Stream(fleet, per_second=PER_SECOND)
    stream.start()
    stream.wait_until_accepted(2)
    yield
    job_ids = [accepted.job_id for accepted in stream.finish(END_SECONDS)]
    assert len(set(job_ids)) == len(job_ids)
    wait_for_the_end(fleet, job_ids, within=END_SECONDS)
    attempts = causes(fleet, job_ids)
    repeated = executed(attempts, engine_of(fleet)) - len(job_ids)
    lost = Counter(attempts.values())["lost"] if may_repeat else 0
    assert repeated <= lost, "work was done again that was not lost"
    ended = assert_each_ended_once(fleet, job_ids)
    assert set(ended.values()) == {"job.completed"}


def kill(fleet: LocalFleet, name: str) -> None:
    """Kill a process, and return once it is ready again."""
    pid = fleet.pid(name)
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: is_back(fleet, name, pid), f"{name} did not come back", END_SECONDS)


def is_back(fleet: LocalFleet, name: str, killed: int) -> bool:
    running = state.load(fleet.home.state)
    children = running.children if running else []
    return any(
        child.name == name and child.phase == "ready" and child.pid != killed for child in children
    )

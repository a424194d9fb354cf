"""Servers that stand still for a minute: what was accepted ends once, and no GPU work is repeated.

A stopped process keeps its connections open and answers nothing, which is worse than a dead one.
An engine that is silent for so long is given up: what ran there counts as lost, and runs again.
`CHAOS_AWAY_SECONDS` sets the time.
"""

import os
import signal
import time
from collections.abc import Generator
from contextlib import contextmanager

import psutil
import pytest

from comfyfleet.testing import LocalFleet

from .test_kills import jobs_meanwhile

AWAY_SECONDS = float(os.environ.get("CHAOS_AWAY_SECONDS", "60"))


@pytest.mark.long
@pytest.mark.timeout(0)
@pytest.mark.parametrize("name", ["nats", "postgres", "s3", "preview-engine"])
def test_a_server_that_is_away_for_a_minute_costs_no_job_and_no_work(
    fleet: LocalFleet, name: str
) -> None:
    may_repeat = name == "preview-engine"
    with jobs_meanwhile(fleet, may_repeat=may_repeat), stopped(fleet, name):
        time.sleep(AWAY_SECONDS)


@contextmanager
def stopped(fleet: LocalFleet, name: str) -> Generator[None, None, None]:
    """Stop a process and those that it has started, as Postgres does for each connection."""
    parent = psutil.Process(fleet.pid(name))
    parent.send_signal(signal.SIGSTOP)  # first, so that it starts no more
    children = parent.children(recursive=True)
    for child in children:
        child.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        for process in (*children, parent):
            process.send_signal(signal.SIGCONT)

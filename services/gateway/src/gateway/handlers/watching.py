"""Tells agents which jobs somebody looks at, so that they send previews of those only."""

import asyncio

from contracts.agent import JobWatched
from gateway.handlers.hub import Hub
from gateway.ports import Signals

EVERY_SECONDS = 5.0


async def watch_jobs(hub: Hub, signals: Signals) -> None:
    """Repeat `JobWatched` for each job with an open stream, until cancelled."""
    while True:
        for job_id in hub.watched:
            await signals.signal(JobWatched(job_id=job_id))
        await asyncio.sleep(EVERY_SECONDS)

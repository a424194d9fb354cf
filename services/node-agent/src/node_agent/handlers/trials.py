"""Runs a trial when the scheduler asks whether a new server works, or a quarantined one again."""

import asyncio

import structlog

from node_agent.ports import UnreachableError
from node_agent.service import Claim
from runtime.wait import wait_for

log = structlog.get_logger()
AGAIN_SECONDS = 15.0
"""Pause between two trials."""
MAX_SECONDS = 60.0
"""Long enough for a restarted server to set up its accelerator."""


async def run_trials(claim: Claim) -> None:
    """Run each trial that the scheduler asks for, every 15 s until it is passed, until canceled."""
    trial = claim.trial
    while True:
        trial.requested.clear()
        is_usable = claim.engine.health().is_usable
        if trial.asked and trial.asked != trial.passed and is_usable and claim.is_led:
            await run_trial(claim, trial.asked)
        await wait_for(trial.requested, AGAIN_SECONDS)


async def run_trial(claim: Claim, number: int) -> None:
    async with claim.attempts.slot:
        try:
            async with asyncio.timeout(MAX_SECONDS):
                failure = await claim.engine.trial()
        except UnreachableError as error:
            failure = error.message
        except TimeoutError:
            failure = f"it did not end within {MAX_SECONDS:g} s"
    claim.trial.failure = failure
    if failure is None:
        claim.trial.passed = number
        claim.beat_due.set()
    log.info("trial_ended", node_id=str(claim.id), failure=failure)

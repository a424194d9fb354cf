"""Turns events into deliveries, and sends deliveries that are due.

A delivery is a row before anything is sent. It is claimed for some seconds, so the loss of a
process costs a repetition and never a delivery; receivers tell repetitions by their id.
"""

import asyncio
import random

import structlog
from prometheus_client import Counter

from contracts.errors import UnavailableError
from contracts.scheduler.job_events import JobEvent
from runtime.wait import wait_for
from webhooks.domain.matching import recorded
from webhooks.domain.records import Answer, Candidate, Claimed
from webhooks.domain.schedule import after_failure
from webhooks.domain.shares import chosen, full
from webhooks.domain.signature import signed_headers
from webhooks.service import Webhooks

log = structlog.get_logger()

ATTEMPTS = Counter("comfyfleet_webhook_attempts", "Requests to receivers.", ["result"])

IDLE_SECONDS = 1.0
PAUSE_SECONDS = 0.02
"""Between two looks at the table, however many requests end meanwhile."""


async def record_event(webhooks: Webhooks, event: JobEvent) -> None:
    """Keep the event for each webhook that wants it; a repetition adds nothing."""
    if await webhooks.recording.record(recorded(event), webhooks.clock()):
        webhooks.flights.changed.set()


async def send_due(webhooks: Webhooks) -> None:
    """Send what is due, as long as something changes."""
    changed = webhooks.flights.changed
    while True:
        changed.clear()
        while await start_due(webhooks):
            pass
        if not await wait_for(changed, IDLE_SECONDS):
            return
        await asyncio.sleep(PAUSE_SECONDS)


async def start_due(webhooks: Webhooks) -> bool:
    """Start requests for deliveries that are due; False if there are none for a free place."""
    flights, now = webhooks.flights, webhooks.clock()
    running = flights.running.values()
    if flights.is_ending or len(running) >= webhooks.shares.in_all:
        return False
    due = await webhooks.sending.due(now, *full(running, webhooks.shares))
    starting = {one.id: one for one in chosen(due, running, webhooks.shares)}
    if not starting:
        return False
    for claimed in await webhooks.sending.claim(starting.keys(), now, now + webhooks.claimed_for):
        start(webhooks, starting[claimed.id], claimed)
    return True


def start(webhooks: Webhooks, candidate: Candidate, claimed: Claimed) -> None:
    flights = webhooks.flights
    task = asyncio.create_task(attempt(webhooks, claimed), name=f"delivery {claimed.id}")
    flights.running[candidate.id] = candidate
    flights.tasks.add(task)

    def ended(task: asyncio.Task[None]) -> None:
        flights.tasks.discard(task)
        flights.running.pop(candidate.id, None)
        flights.changed.set()
        if not task.cancelled() and (error := task.exception()):
            log.error("delivery_broke", delivery_id=str(claimed.id), exc_info=error)

    task.add_done_callback(ended)


async def attempt(webhooks: Webhooks, claimed: Claimed) -> None:
    """Send one request and keep its result; if that fails the delivery is sent again."""
    answer = await send(webhooks, claimed)
    try:
        await settle(webhooks, claimed, answer)
    except UnavailableError as error:
        log.warning("delivery_unsettled", delivery_id=str(claimed.id), reason=error.message)


async def send(webhooks: Webhooks, claimed: Claimed) -> Answer:
    sealed = claimed.sealed_secret
    secret = webhooks.seal.open(sealed) if sealed else webhooks.seal.of_owner(claimed.owner_id)
    if secret is None:
        return Answer(reason="the secret was sealed with another secret of the settings")
    body = claimed.body.encode()
    headers = signed_headers(secret, claimed.id, webhooks.clock(), body)
    return await webhooks.receivers.post(claimed.url, headers, body)


async def settle(webhooks: Webhooks, claimed: Claimed, answer: Answer) -> None:
    now = webhooks.clock()
    ATTEMPTS.labels("success" if answer.is_success else "failure").inc()
    if answer.is_success:
        await webhooks.sending.succeeded(claimed, answer, now)
        return
    verdict = after_failure(
        claimed,
        answer,
        await webhooks.sending.failing_since(claimed.webhook_id),
        now,
        patience=webhooks.patience,
        jitter=random.random(),  # noqa: S311  spreads repetitions, protects nothing
    )
    log.info(
        "delivery_failed",
        delivery_id=str(claimed.id),
        reason=answer.error,
        due_at=verdict.due_at and verdict.due_at.isoformat(),
    )
    await webhooks.sending.failed(claimed, answer, verdict, now)

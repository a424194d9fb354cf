"""Sends beats, progress and previews. Each of them may be lost."""

import asyncio
import base64
from uuid import UUID

from contracts.agent import AttemptPreviewed, AttemptProgressed, JobWatched, OwnerWatched
from contracts.scheduler.claims import AttemptPhase, BeatAttempt, NodeBeat
from node_agent.domain.health import Health
from node_agent.handlers.files import shrink
from node_agent.service import Attempt, Claim, NodeAgent
from runtime.wait import wait_for

BEAT_SECONDS = 1.0
PROGRESS_SECONDS = 0.25
PREVIEW_SECONDS = 0.5
PREVIEW_BYTES = 64 * 1024 * 3 // 4
"""Base64 makes four bytes of three."""
MAX_REASON = 200


async def beat(claim: Claim) -> None:
    """Send a beat every second, and at once when a slot comes free, until canceled."""
    while True:
        claim.beat_due.clear()
        remove_leftovers(claim)
        await claim.agent.bus.signal(beat_of(claim))
        await wait_for(claim.beat_due, BEAT_SECONDS)


def beat_of(claim: Claim) -> NodeBeat:
    health, attempts = claim.engine.health(), claim.attempts.live.values()
    known = {*(str(attempt.id) for attempt in attempts), *health.own_ids, health.trial_id}
    reason = reason_of(claim, health)
    return NodeBeat(
        node_id=claim.id,
        claim=claim.number,
        is_reachable=health.is_reachable and is_running(claim),
        is_paused=claim.server is not None and claim.server.is_paused,
        reason=reason[:MAX_REASON] if reason else None,
        is_dead=health.is_dead,
        attempts=[
            BeatAttempt(
                attempt_id=attempt.id,
                phase=attempt.phase,
                progress=attempt.progress,
                is_pending=is_pending(attempt, health),
                has_begun=has_begun(attempt, health),
                executed_seconds=attempt.stopwatch.seconds,
            )
            for attempt in attempts
        ],
        foreign_prompts=sum(work_id not in known for work_id in health.work_ids),
        leftover_prompts=len(leftovers(claim)),
        vram_free_mb=health.vram_free_mb,
        busy_fraction=health.busy_fraction,
        gpu_load=claim.server.gpu_load if claim.server else None,
        passed_trial=claim.trial.passed,
        other_node_id=health.other_node_id,
    )


def is_running(claim: Claim) -> bool:
    """Return False for a server of this agent that does not run: another one has its port."""
    return claim.server is None or claim.server.is_up


def is_pending(attempt: Attempt, health: Health) -> bool:
    return attempt.phase is AttemptPhase.POSTED and str(attempt.id) in health.pending_ids


def has_begun(attempt: Attempt, health: Health) -> bool:
    return attempt.phase is AttemptPhase.POSTED and str(attempt.id) in health.running_ids


def leftovers(claim: Claim) -> list[UUID]:
    """Return attempts that the engine has for this node, and that are over for the scheduler.

    The scheduler named every live attempt when it granted the claim, or ordered it since.
    """
    live = {str(attempt_id) for attempt_id in claim.attempts.live}
    if claim.server:
        live.add(str(claim.server.warm_up_id))
    return [UUID(id_) for id_ in claim.engine.health().own_ids if id_ not in live]


def remove_leftovers(claim: Claim) -> None:
    """Stop attempts that an earlier agent left and nobody waits for, each once."""
    for attempt_id in leftovers(claim):
        if attempt_id not in claim.attempts.must_not_run:
            claim.attempts.must_not_run[attempt_id] = None
            claim.tasks.spawn(stop(claim, attempt_id), name=f"leftover {attempt_id}")


async def stop(claim: Claim, attempt_id: UUID) -> None:
    await claim.engine.cancel(attempt_id)


def reason_of(claim: Claim, health: Health) -> str | None:
    """Return why the node cannot be used, for its operator."""
    if claim.server and (reason := claim.server.reason()):
        return reason
    if not health.is_reachable:
        return f"{claim.address} {health.reason}"
    if not health.is_dead and claim.trial.failure:
        return f"a trial failed: {claim.trial.failure}"
    return health.reason or claim.reported.problem


async def show_progress(claim: Claim) -> None:
    """Send the newest progress of each attempt, at most every 0.25 s, until canceled."""
    while True:
        await claim.progressed.wait()
        claim.progressed.clear()
        for attempt in list(claim.attempts.live.values()):
            if attempt.is_progress_new and attempt.phase is AttemptPhase.POSTED:
                attempt.is_progress_new = False
                await claim.agent.bus.signal(
                    AttemptProgressed(
                        node_id=claim.id,
                        owner_id=attempt.order.owner_id,
                        job_id=attempt.order.job_id,
                        progress=attempt.progress,
                    )
                )
        await asyncio.sleep(PROGRESS_SECONDS)


async def remember_watched_job(agent: NodeAgent, signal: JobWatched) -> None:
    agent.watched[signal.job_id] = None


async def remember_watched_owner(agent: NodeAgent, signal: OwnerWatched) -> None:
    agent.watched[signal.owner_id] = None


async def show_previews(claim: Claim) -> None:
    """Send the newest preview of each watched attempt every 0.5 s until canceled."""
    while True:
        await asyncio.sleep(PREVIEW_SECONDS)
        for attempt in list(claim.attempts.live.values()):
            if claim.agent.is_watched(attempt.order):
                await show_preview(claim, attempt)
            attempt.preview = None


async def show_preview(claim: Claim, attempt: Attempt) -> None:
    preview, attempt.preview = attempt.preview, None
    if preview is None or attempt.phase is not AttemptPhase.POSTED:
        return
    image: bytes | None = preview.image
    content_type = preview.content_type
    if len(preview.image) > PREVIEW_BYTES:
        image = await asyncio.to_thread(shrink, preview.image, PREVIEW_BYTES)
        content_type = "image/jpeg"
    if image:
        await claim.agent.bus.signal(
            AttemptPreviewed(
                node_id=claim.id,
                owner_id=attempt.order.owner_id,
                job_id=attempt.order.job_id,
                content_type=content_type,
                data=base64.b64encode(image).decode(),
            )
        )

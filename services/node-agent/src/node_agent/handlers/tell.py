"""What the agent says unasked: beats, progress, previews. All of it may be lost."""

import asyncio
import base64
import contextlib
from uuid import UUID

from contracts.agent import AttemptPreviewed, AttemptProgressed
from contracts.scheduler.nodes import AttemptPhase, BeatAttempt, NodeBeat
from node_agent.handlers.node import Attempt, Node

MOST_REASON = 200


async def beat(node: Node) -> None:
    """For ever: each second, and at once when a slot came free or the node itself changed."""
    while True:
        node.changed.clear()
        await node.tools.calls.signal(beat_of(node))
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(node.tools.tuning.beat_seconds):
                await node.changed.wait()


def beat_of(node: Node) -> NodeBeat:
    own = {attempt.prompt_id for attempt in node.attempts.values()}
    inside = (*node.queue.running, *node.queue.pending)
    return NodeBeat(
        node_id=node.id,
        claim=node.claim,
        is_reachable=node.is_reachable,
        reason=node.reason[:MOST_REASON] if node.reason else None,
        is_dead=node.is_dead,
        attempts=[
            BeatAttempt(attempt_id=attempt.id, phase=attempt.phase, progress=attempt.progress)
            for attempt in node.attempts.values()
        ],
        foreign_prompts=sum(prompt_id not in own for prompt_id in inside),
        vram_free_mb=node.vram_free_mb,
        passed_trial=node.passed_trial,
        other_node_id=other_node(node),
    )


def other_node(node: Node) -> UUID | None:
    """A node for which somebody posts to the same ComfyUI; the id could be anybody's text."""
    for text in node.queue.nodes - {str(node.id)}:
        with contextlib.suppress(ValueError):
            return UUID(text)
    return None


async def show_progress(node: Node) -> None:
    """For ever: the newest progress of each attempt, at most four times a second."""
    while True:
        await node.progressed.wait()
        node.progressed.clear()
        for attempt in list(node.attempts.values()):
            if attempt.is_progress_new and attempt.phase is AttemptPhase.POSTED:
                attempt.is_progress_new = False
                await node.tools.calls.signal(
                    AttemptProgressed(
                        node_id=node.id,
                        owner_id=attempt.order.owner_id,
                        job_id=attempt.order.job_id,
                        progress=attempt.progress,
                    )
                )
        await asyncio.sleep(node.tools.tuning.progress_seconds)


async def show_previews(node: Node) -> None:
    """For ever: the newest preview of each attempt that somebody watches."""
    while True:
        await asyncio.sleep(node.tools.tuning.preview_seconds)
        for attempt in list(node.attempts.values()):
            if node.watched.has(attempt.order.job_id, node.now):
                await show_preview(node, attempt)
            attempt.preview = None


async def show_preview(node: Node, attempt: Attempt) -> None:
    preview, attempt.preview = attempt.preview, None
    if preview is None or attempt.phase is not AttemptPhase.POSTED:
        return
    image: bytes | None = preview.image
    content_type = preview.content_type
    most_bytes = node.tools.tuning.preview_bytes * 3 // 4  # base64 makes four bytes of three
    if len(preview.image) > most_bytes:
        image = await node.tools.files.shrink(preview.image, most_bytes)
        content_type = "image/jpeg"
    if image:
        await node.tools.calls.signal(
            AttemptPreviewed(
                node_id=node.id,
                owner_id=attempt.order.owner_id,
                job_id=attempt.order.job_id,
                content_type=content_type,
                data=base64.b64encode(image).decode(),
            )
        )

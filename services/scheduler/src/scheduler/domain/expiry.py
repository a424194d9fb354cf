"""What the passing of time does: leases end, deadlines pass, delayed jobs come back."""

from datetime import datetime
from heapq import heapify, heappop
from uuid import UUID

from contracts.agent import Cause
from contracts.scheduler.jobs import JobStatus
from contracts.scheduler.node_facts import NodeLost
from scheduler.domain.facts import show_node, tell_node
from scheduler.domain.health import try_if_due
from scheduler.domain.inputs import Tick
from scheduler.domain.jobs import EXECUTED_PHASES, Attempt, Job
from scheduler.domain.leases import LOST_SECONDS, NOT_STARTED_SECONDS
from scheduler.domain.lifecycle import cancel_job, end_attempt, expire_job
from scheduler.domain.nodes import Node, Standing
from scheduler.domain.outcomes import fail_attempt, recall
from scheduler.domain.turn import Turn

SPARE_DEADLINES = 1_000
OVERTIME_SECONDS = 600.0
"""The agent enforces an attempt's timeout; this much later we do, should it not."""


def pass_time(turn: Turn, tick: Tick) -> None:
    turn.state.clock.tick(turn.now.steady, is_connected=tick.is_connected)
    for node in turn.state.nodes.values():
        lose_if_silent(turn, node)
        try_if_due(turn, node)
    for attempt in list(turn.state.attempts.values()):
        give_up_if_hopeless(turn, attempt)
    for job_id in due(turn.state.deadlines, turn.now.wall):
        if job := turn.state.jobs.get(job_id):
            expire(turn, job)
    forget_deadlines(turn)
    for job_id in due(turn.state.delayed, turn.now.wall):
        job = turn.state.jobs.get(job_id)
        if job and job.status is JobStatus.QUEUED and job.not_before:
            job.not_before = None
            turn.state.waiting.add(job, first=True)


def due(heap: list[tuple[datetime, UUID]], now: datetime) -> list[UUID]:
    """Take what is due off a heap."""
    taken: list[UUID] = []
    while heap and heap[0][0] <= now:
        taken.append(heappop(heap)[1])
    return taken


def forget_deadlines(turn: Turn) -> None:
    """Keep the heap from growing with jobs that ended long before a far deadline."""
    heap, jobs = turn.state.deadlines, turn.state.jobs
    if len(heap) > 2 * len(jobs) + SPARE_DEADLINES:
        heap[:] = [item for item in heap if item[1] in jobs]
        heapify(heap)


def lose_if_silent(turn: Turn, node: Node) -> None:
    """Count a node out after 4 s without a beat: it gets nothing new, and may be claimed."""
    if node.agent_id is None or node.standing is Standing.LOST:
        return
    if turn.state.clock.now - node.contact.heard_at > LOST_SECONDS:
        node.standing = Standing.LOST
        tell_node(turn, node, NodeLost, "nothing was heard of it")
        show_node(turn, node)


def give_up_if_hopeless(turn: Turn, attempt: Attempt) -> None:
    """End an attempt whose node has been silent, or busy with it, for too long."""
    node = turn.state.nodes[attempt.node_id]
    grace = turn.state.limits.node_grace_seconds
    if silence(turn, attempt, node) > (grace if is_patient(attempt) else NOT_STARTED_SECONDS):
        cause = Cause.LOST if attempt.has_started else Cause.UNREACHABLE
        fail_attempt(turn, attempt, cause, None)
        recall(turn, node, attempt.id)
        return
    age = (turn.now.wall - attempt.created_at).total_seconds()
    if age > attempt.job.spec.timeout_seconds + OVERTIME_SECONDS:
        fail_attempt(turn, attempt, Cause.TIMEOUT, None)
        recall(turn, node, attempt.id)


def is_patient(attempt: Attempt) -> bool:
    return attempt.has_started or attempt.job.status is JobStatus.CANCELING


def silence(turn: Turn, attempt: Attempt, node: Node) -> float:
    """Seconds since the attempt could last be known to go on; uploads need no ComfyUI."""
    contact = node.contact
    needs_comfyui = attempt.phase not in EXECUTED_PHASES
    last = min(contact.heard_at, contact.reached_at) if needs_comfyui else contact.heard_at
    return turn.state.clock.now - last


def expire(turn: Turn, job: Job) -> None:
    """End a job whose deadline passed, wherever it is."""
    attempt = job.attempt
    if attempt:
        node = turn.state.nodes[attempt.node_id]
        end_attempt(turn, attempt, "expired")
        recall(turn, node, attempt.id)
    if job.status is JobStatus.CANCELING:
        cancel_job(turn, job)
    else:
        expire_job(turn, job)

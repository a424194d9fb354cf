"""Decides what the passing of time ends: leases, attempts, deadlines and delays."""

from datetime import datetime
from heapq import heapify, heappop
from uuid import UUID

from contracts.agent import Cause
from contracts.scheduler.jobs import JobStatus
from contracts.scheduler.node_facts import NodeLost
from scheduler.domain.facts import publish_node_fact, put_node_spec
from scheduler.domain.health import request_trial_if_due
from scheduler.domain.inputs import Tick
from scheduler.domain.jobs import EXECUTED_PHASES, Attempt, Job
from scheduler.domain.leases import LOST_SECONDS, NOT_STARTED_SECONDS
from scheduler.domain.lifecycle import end_attempt, expire_job, finish_cancel
from scheduler.domain.nodes import ClaimStatus, Node
from scheduler.domain.outcomes import fail_attempt, recall
from scheduler.domain.step import Step

SPARE_DEADLINES = 1_000
OVERTIME_SECONDS = 600.0
"""The agent enforces an attempt's timeout; the scheduler does so this much later."""


def pass_time(step: Step, tick: Tick) -> None:
    step.state.clock.tick(step.now.steady, is_connected=tick.is_connected)
    for node in step.state.nodes.values():
        lose_if_silent(step, node)
        request_trial_if_due(step, node)
    for attempt in list(step.state.attempts.values()):
        give_up_if_overdue(step, attempt)
    for job_id in due(step.state.deadlines, step.now.wall):
        if job := step.state.jobs.get(job_id):
            expire(step, job)
    forget_deadlines(step)
    for job_id in due(step.state.delayed, step.now.wall):
        job = step.state.jobs.get(job_id)
        if job and job.status is JobStatus.QUEUED and job.retry.not_before:
            job.retry.not_before = None
            step.state.waiting.add(job, first=True)


def due(heap: list[tuple[datetime, UUID]], now: datetime) -> list[UUID]:
    """Remove the items that are due from a heap."""
    taken: list[UUID] = []
    while heap and heap[0][0] <= now:
        taken.append(heappop(heap)[1])
    return taken


def forget_deadlines(step: Step) -> None:
    """Drop jobs that ended long before a far deadline, so that the heap stays small."""
    heap, jobs = step.state.deadlines, step.state.jobs
    if len(heap) > 2 * len(jobs) + SPARE_DEADLINES:
        heap[:] = [item for item in heap if item[1] in jobs]
        heapify(heap)


def lose_if_silent(step: Step, node: Node) -> None:
    """Count a node as lost after 4 s without a beat: it gets no job and may be claimed."""
    if node.agent_id is None or node.claim_status is ClaimStatus.LOST:
        return
    if step.state.clock.now - node.contact.heard_at > LOST_SECONDS:
        node.claim_status = ClaimStatus.LOST
        publish_node_fact(step, node, NodeLost, "nothing was heard of it")
        put_node_spec(step, node)


def give_up_if_overdue(step: Step, attempt: Attempt) -> None:
    """End an attempt whose node has been silent, or busy with the attempt, for too long."""
    node = step.state.nodes[attempt.node_id]
    grace = step.state.limits.node_grace_seconds
    if silence(step, attempt, node) > (grace if has_grace(attempt) else NOT_STARTED_SECONDS):
        cause = Cause.LOST if attempt.has_started else Cause.UNREACHABLE
        fail_attempt(step, attempt, cause, None)
        recall(step, node, attempt.id)
        return
    age = (step.now.wall - attempt.created_at).total_seconds()
    if age > attempt.job.spec.timeout_seconds + OVERTIME_SECONDS:
        fail_attempt(step, attempt, Cause.TIMEOUT, None)
        recall(step, node, attempt.id)


def has_grace(attempt: Attempt) -> bool:
    return attempt.has_started or attempt.job.status is JobStatus.CANCELING


def silence(step: Step, attempt: Attempt, node: Node) -> float:
    """Return the seconds since the last proof that the attempt goes on.

    An attempt that uploads needs a living agent, any other a reachable ComfyUI too.
    """
    contact = node.contact
    needs_comfyui = attempt.phase not in EXECUTED_PHASES
    last = min(contact.heard_at, contact.reached_at) if needs_comfyui else contact.heard_at
    return step.state.clock.now - last


def expire(step: Step, job: Job) -> None:
    """End a job whose deadline passed, whether it waits or runs."""
    attempt = job.attempt
    if attempt:
        node = step.state.nodes[attempt.node_id]
        end_attempt(step, attempt, "expired")
        recall(step, node, attempt.id)
    if job.status is JobStatus.CANCELING:
        finish_cancel(step, job)
    else:
        expire_job(step, job)

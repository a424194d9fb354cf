"""Decides what the passing of time ends: deadlines in each step, and in each tick the rest."""

from datetime import datetime
from heapq import heapify, heappop
from typing import TypeVar
from uuid import UUID

from contracts.agent import Cause
from contracts.scheduler.jobs import JobStatus
from contracts.scheduler.node_events import NodeLost
from scheduler.domain.context import StepContext
from scheduler.domain.events import add_node_event
from scheduler.domain.health import request_trial_if_due
from scheduler.domain.jobs import EXECUTED_PHASES, Attempt, Job
from scheduler.domain.leases import LOST_SECONDS, NOT_STARTED_SECONDS
from scheduler.domain.lifecycle import end_attempt, expire_job, finish_cancel, requeue_job
from scheduler.domain.nodes import ClaimStatus, Node
from scheduler.domain.occurrences import ClockTicked
from scheduler.domain.orders import give_back, is_unanswered
from scheduler.domain.outcomes import block_and_recall, fail_attempt
from scheduler.domain.views import current_view

T = TypeVar("T", datetime, float)
SPARE_DEADLINES = 1_000
MOST_EXPIRED = 500
"""Jobs of one step: a leader must be able to renew its lead soon, however many are late at once."""


def pass_time(context: StepContext, ticked: ClockTicked) -> None:
    context.state.clock.tick(context.now.steady, is_connected=ticked.is_connected)
    for node in context.state.nodes.values():
        lose_if_silent(context, node)
        request_trial_if_due(context, node)
    for attempt in list(context.state.attempts.values()):
        give_up_if_overdue(context, attempt)
    while context.state.adrift:
        take_back(context, context.state.adrift.pop())
    forget_deadlines(context)
    for job_id in pop_due(context.state.delayed, context.now.steady):
        job = context.state.jobs.get(job_id)
        if job and job.needs_node and job.not_before is not None:
            job.not_before = None
            context.state.startable.add(job, first=True)


def expire_overdue(context: StepContext) -> None:
    """End jobs whose deadline passed, the latest first, as many as one step may.

    What was reported in this step has been taken before.
    """
    state, now = context.state, context.now.wall
    for job_id in pop_due(state.deadlines, now, MOST_EXPIRED):
        if job := state.jobs.get(job_id):
            expire(context, job)
    state.has_late_jobs = is_due(state.deadlines, now)


def pop_due(heap: list[tuple[T, UUID]], now: T, most: int | None = None) -> list[UUID]:
    taken: list[UUID] = []
    while is_due(heap, now) and len(taken) != most:
        taken.append(heappop(heap)[1])
    return taken


def is_due(heap: list[tuple[T, UUID]], now: T) -> bool:
    return bool(heap) and heap[0][0] <= now


def forget_deadlines(context: StepContext) -> None:
    """Drop jobs that ended long before a far deadline, so that the heap stays small."""
    heap, jobs = context.state.deadlines, context.state.jobs
    if len(heap) > 2 * len(jobs) + SPARE_DEADLINES:
        heap[:] = [item for item in heap if item[1] in jobs]
        heapify(heap)


def lose_if_silent(context: StepContext, node: Node) -> None:
    """Count a node as lost after 4 s without a beat: it gets no job and may be claimed."""
    if node.agent_id is None or node.claim_status is ClaimStatus.LOST:
        return
    if context.state.clock.now - node.contact.heard_at > LOST_SECONDS:
        node.claim_status = ClaimStatus.LOST
        add_node_event(context, node, NodeLost, "nothing was heard of it")


def give_up_if_overdue(context: StepContext, attempt: Attempt) -> None:
    """End an attempt whose node has been silent, or busy with the attempt, for too long."""
    node = context.state.nodes[attempt.node_id]
    has_grace = attempt.may_have_started or attempt.job.status is JobStatus.CANCELING
    patience = context.state.limits.node_grace_seconds if has_grace else NOT_STARTED_SECONDS
    age = context.state.clock.now - attempt.asked_at
    is_silent = silence(context, attempt, node) > patience
    if is_unanswered(attempt, node) or (is_silent and not has_grace):
        give_back(context, attempt)
    elif is_silent:
        fail_attempt(context, attempt, Cause.LOST, None)
    elif age > attempt.longest_seconds:
        fail_attempt(context, attempt, Cause.TIMEOUT, None)
    else:
        return
    block_and_recall(context, node, attempt.id)


def take_back(context: StepContext, job: Job) -> None:
    """Let a job wait again whose node is gone without a trace, or end it if it was canceled."""
    if job.status is JobStatus.CANCELING:
        finish_cancel(context, job)
    elif job.status is JobStatus.RUNNING:
        requeue_job(context, job, Cause.LOST, 0.0)


def silence(context: StepContext, attempt: Attempt, node: Node) -> float:
    """Return the seconds since the last proof that the attempt goes on.

    An attempt that uploads needs a living agent, any other a reachable engine too.
    """
    contact = node.contact
    needs_engine = attempt.phase not in EXECUTED_PHASES
    last = min(contact.heard_at, contact.reached_at) if needs_engine else contact.heard_at
    return context.state.clock.now - last


def expire(context: StepContext, job: Job) -> None:
    """End a job whose deadline passed, whether it waits or runs."""
    attempt, waited_for = job.attempt, wait_reason(context, job)
    if attempt:
        node = context.state.nodes[attempt.node_id]
        end_attempt(context, attempt, "expired")
        block_and_recall(context, node, attempt.id)
    if job.status is JobStatus.CANCELING:
        finish_cancel(context, job)
    else:
        expire_job(context, job, waited_for)


def wait_reason(context: StepContext, job: Job) -> str | None:
    """Give the reason why the job waits, with what the best node lacks; None if it does not."""
    view = current_view(context, job.id)
    lacks = ", ".join(unmet.name for unmet in view.unmet)
    return f"{view.reason}; the best lacks {lacks}" if lacks else view.reason

"""Filters of owners and jobs: whether a job may start at all, whichever node is free.

An owner's limit on running jobs is that of the newest job, because it comes with the jobs: so a
new leader knows it, and a changed limit counts from the owner's next job.
"""

from uuid import UUID

from contracts.agent import Cause
from scheduler.domain.context import StepContext
from scheduler.domain.jobs import Job
from scheduler.domain.obstacles import Filter, Obstacle, first_obstacle

DELAYED = Obstacle("delayed", "is tried again in a moment")
UNAVAILABLE = Obstacle(
    "unavailable", "waits until its workflow version and its input files can be read"
)


def dispatch_paused(context: StepContext, _: UUID) -> Obstacle | None:
    if not context.state.dispatch.is_paused:
        return None
    return Obstacle("dispatch_paused", "an operator has paused the dispatch")


def fleet_limit(context: StepContext, _: UUID) -> Obstacle | None:
    most = context.state.limits.max_running_jobs
    if len(context.state.attempts) < most:
        return None
    return Obstacle("fleet_running_limit", f"the fleet runs {most} jobs, as many as it may")


def owner_limit(context: StepContext, owner_id: UUID) -> Obstacle | None:
    limit = context.state.running_limits.get(owner_id)
    if limit is None or context.state.placed_by_owner[owner_id] < limit.most:
        return None
    text = f"{limit.most} of its owner's jobs run, as many as may"
    return Obstacle("owner_running_limit", text)


OWNER_FILTERS: tuple[Filter[StepContext, UUID], ...] = (
    dispatch_paused,
    fleet_limit,
    owner_limit,
)


def hold_of(context: StepContext, job: Job) -> Obstacle | None:
    """Return what keeps a queued job from every node; None if nothing does.

    A delayed job is not in the queue of startable jobs, so placement does not ask about it.
    """
    if job.not_before is not None:
        return UNAVAILABLE if job.delayed_for == Cause.UNAVAILABLE else DELAYED
    return first_obstacle(OWNER_FILTERS, context, job.owner_id)

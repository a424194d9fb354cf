"""Take jobs in, and let their owners end them early."""

from uuid import UUID

from contracts.access import Actor, IdempotencyKey, Permission, Priority
from contracts.errors import (
    ConflictError,
    FieldError,
    ForbiddenError,
    InvalidError,
    NotFoundError,
    UnavailableError,
)
from contracts.scheduler.job_requests import CancelJob, SubmitJob, SubmitJobView
from contracts.scheduler.jobs import JobStatus, JobView
from scheduler.domain.capability import capable_nodes, missing
from scheduler.domain.effects import KeyName, KeyUse, Recall
from scheduler.domain.inputs import key_name
from scheduler.domain.jobs import Job
from scheduler.domain.lifecycle import begin_cancel, cancel_job, queue_job
from scheduler.domain.turn import Turn
from scheduler.domain.views import job_view
from scheduler.domain.waiting import kind_of

RANKS = {priority: rank for rank, priority in enumerate(Priority)}


def submit(turn: Turn, request: SubmitJob, trace: dict[str, str]) -> SubmitJobView:
    """Accept a job once; a repeat is answered with the job as it is now."""
    owner_id = request.actor.user_id
    if request.idempotency:
        name = key_name(request, request.idempotency)
        if created_id := created_before(turn, name, request.idempotency):
            return SubmitJobView(job=current_view(turn, created_id), is_replay=True)
    if earlier := turn.find_job(request.job.job_id):
        if earlier.owner_id != owner_id:
            raise ConflictError("another job has this id", code="job_exists")
        return SubmitJobView(job=current_view(turn, earlier.id))
    refuse_unstorable(request)
    refuse_excess(turn, request)
    job = Job(request.job, owner_id, turn.now.wall, trace)
    queue_job(turn, job)
    if request.idempotency:
        use_key(turn, key_name(request, request.idempotency), request.idempotency, job.id)
    return SubmitJobView(job=current_view(turn, job.id))


def refuse_unstorable(request: SubmitJob) -> None:
    """Raise for what no row can hold or no clock compare: it would fail its whole batch."""
    job = request.job
    texts = [job.workflow, job.version_hash, *job.labels, *job.labels.values()]
    if request.idempotency:
        texts += [request.idempotency.key, request.idempotency.body_digest]
    if any("\0" in text for text in texts):
        raise InvalidError("a text contains the character NUL", code="bad_text")
    if job.deadline and job.deadline.tzinfo is None:
        problem = FieldError(path="deadline", code="no_time_zone", message="a time with its zone")
        raise InvalidError("the deadline has no time zone", code="bad_time", errors=[problem])


def refuse_excess(turn: Turn, request: SubmitJob) -> None:
    """Raise if the owner, or the fleet, has as much waiting as it may have."""
    limits = request.actor.limits
    if RANKS[request.job.priority] < RANKS[limits.max_priority]:
        raise ForbiddenError(
            f"your highest priority is {limits.max_priority}", code="priority_not_allowed"
        )
    if turn.state.queued[request.actor.user_id] >= limits.max_waiting_jobs:
        raise UnavailableError(
            f"{limits.max_waiting_jobs} of your jobs wait already",
            code="too_many_waiting",
            retry_in=5.0,
        )
    if turn.state.queue_size >= turn.state.limits.max_waiting:
        raise UnavailableError("the queue is full", code="queue_full", retry_in=10.0)


def created_before(turn: Turn, name: KeyName, key: IdempotencyKey) -> UUID | None:
    """What was made under this key; raises Conflict if it was asked for in other words."""
    use = turn.known.keys.get(name)
    if use is None:
        return None
    if use.body_digest != key.body_digest:
        raise ConflictError(
            "this idempotency key was used for another request", code="idempotency_key_reused"
        )
    return use.created_id


def use_key(turn: Turn, name: KeyName, key: IdempotencyKey, created_id: UUID) -> None:
    use = KeyUse(key.body_digest, created_id)
    turn.known.keys[name] = turn.effects.keys[name] = use


def current_view(turn: Turn, job_id: UUID) -> JobView:
    """The job as it is now; says of a waiting one whether any node can run it."""
    job = turn.find_job(job_id)
    if job is None:
        raise NotFoundError("the job is gone")
    view = job_view(job)
    if job.status is JobStatus.QUEUED and not capable_nodes(turn.state, kind_of(job)):
        view.is_runnable = False
        view.unmet = missing(turn.state.nodes.values(), job.spec)
    return view


def cancel(turn: Turn, request: CancelJob) -> JobView:
    """End a job early: at once while it waits, else as soon as its node has stopped."""
    job = turn.find_job(request.job_id)
    if job is None or not may_cancel(request.actor, job):
        raise NotFoundError("there is no such job")
    if job.status is JobStatus.QUEUED:
        cancel_job(turn, job)
    elif job.status is JobStatus.RUNNING and job.attempt:
        begin_cancel(turn, job)
        job.attempt.answered_at = None
        job.attempt.omitted = 0
        turn.effects.settled.append(job.attempt.id)
        node = turn.state.nodes[job.attempt.node_id]
        turn.effects.recalls.append(Recall(node.id, node.claim, job.attempt.id))
    return current_view(turn, job.id)


def may_cancel(actor: Actor, job: Job) -> bool:
    return job.owner_id == actor.user_id or actor.may(Permission.JOBS_CANCEL_ALL)

"""Jobs and nodes as answers to queries show them."""

from uuid import UUID

from contracts.errors import NotFoundError
from contracts.scheduler.jobs import JobStatus, JobSummary, JobView, Progress
from contracts.scheduler.nodes import NodePhase, NodeView
from scheduler.domain.availability import is_in_service, reason_not_free
from scheduler.domain.context import StepContext
from scheduler.domain.health import quarantine_reason
from scheduler.domain.holds import hold_of
from scheduler.domain.jobs import Job
from scheduler.domain.nodes import ClaimStatus, Node
from scheduler.domain.patience import is_patient
from scheduler.domain.requirements import eligible_nodes, unmet_by_best_node
from scheduler.domain.startable import kind_of

NO_PROGRESS = Progress()


def job_view(job: Job) -> JobView:
    """Show a job without queue position and ETA, which forecast.py adds."""
    return JobView(
        id=job.id,
        status=job.status,
        owner_id=job.owner_id,
        created_at=job.created_at,
        started_at=job.started_at,
        finished_at=job.finished_at,
        progress=progress_of(job),
        outputs=job.end.outputs,
        error=job.end.error,
        attempt_count=job.attempt_count,
        version=job.version,
        **vars(job.request),
    )


def current_view(context: StepContext, job_id: UUID) -> JobView:
    """Show the job as it is now; a queued one with the reason why it waits."""
    job = context.find_job(job_id)
    if job is None:
        raise NotFoundError("the job is gone")
    view = job_view(job)
    if job.needs_node and not eligible_nodes(context.state, kind_of(job)):
        view.is_runnable = False
        view.unmet = unmet_by_best_node(context.state, job)
    view.reason = reason_waiting(context, job)
    return view


def reason_waiting(context: StepContext, job: Job) -> str | None:
    """Give the reason why a queued job waits, for people; None if it does not."""
    if job.status is not JobStatus.QUEUED:
        return None
    if job.attempt:
        return "waits on its server behind other work"
    return reason_unplaced(context, job)


def reason_unplaced(context: StepContext, job: Job) -> str:
    if hold := hold_of(context, job):
        return hold.message
    nodes = [context.state.nodes[id_] for id_ in eligible_nodes(context.state, kind_of(job))]
    if not nodes:
        return "no server can run it"
    if not any(is_in_service(context, node) for node in nodes):
        return "no server that can run it is in service"
    if is_patient(context, job):
        return "waits for a better server than the one where it failed"
    return "every server that can run it is busy"


def summary(view: JobView) -> JobSummary:
    fields = JobSummary.model_fields
    return JobSummary.model_construct(**{name: getattr(view, name) for name in fields})


def progress_of(job: Job) -> Progress:
    if job.status is JobStatus.COMPLETED:
        return Progress(fraction=1.0)
    return (job.attempt and job.attempt.progress) or NO_PROGRESS


def node_view(context: StepContext, node: Node) -> NodeView:
    return NodeView(
        id=node.id,
        phase=node_phase(context, node),
        reason=reason_not_free(context, node),
        is_managed=node.is_managed,
        is_claimed=node.agent_id is not None,
        engine_version=node.capabilities.engine_version,
        devices=list(node.capabilities.devices),
        vram_free_mb=node.contact.vram_free_mb,
        busy_fraction=node.contact.busy_fraction,
        gpu_load=node.contact.gpu_load,
        class_count=len(node.capabilities.classes),
        model_count=len(node.capabilities.models),
        digest=node.capabilities.digest or None,
        running_job_ids=[attempt.job.id for attempt in node.attempts.values()],
        foreign_prompts=node.contact.foreign_prompts,
        last_beat_at=node.contact.beat_at,
        **vars(node.settings),
    )


def node_phase(context: StepContext, node: Node) -> NodePhase:
    if not node.settings.is_enabled:
        return NodePhase.DRAINING if node.attempts else NodePhase.DISABLED
    if quarantine_reason(context, node):
        return NodePhase.QUARANTINED
    if node.claim_status is ClaimStatus.WANTED:
        return NodePhase.JOINING
    is_lost = node.claim_status is ClaimStatus.LOST
    if is_lost or not (node.contact.is_reachable or node.contact.is_paused):
        return NodePhase.LOST
    if node.settings.is_draining or node.contact.is_paused:
        return NodePhase.DRAINING
    return NodePhase.BUSY if node.attempts else NodePhase.READY

"""Jobs and nodes as the world sees them."""

from contracts.scheduler.jobs import JobStatus, JobView, Progress
from contracts.scheduler.nodes import NodePhase, NodeView
from scheduler.domain.health import is_quarantined
from scheduler.domain.jobs import Job
from scheduler.domain.nodes import Node, Standing
from scheduler.domain.placement import reason_not_free
from scheduler.domain.turn import Turn


def job_view(job: Job) -> JobView:
    """The job without what only a snapshot of the queue can tell: see forecast.py."""
    return JobView(
        id=job.id,
        status=job.status,
        workflow=job.spec.workflow,
        owner_id=job.owner_id,
        priority=job.spec.priority,
        labels=job.spec.labels,
        batch_id=job.spec.batch_id,
        created_at=job.created_at,
        started_at=job.started_at,
        finished_at=job.finished_at,
        progress=progress_of(job),
        inputs=job.spec.inputs,
        seed=job.spec.seed,
        outputs=job.outputs,
        error=job.error,
        attempt_count=job.attempts,
        version=job.version,
        deadline=job.spec.deadline,
    )


def progress_of(job: Job) -> Progress:
    if job.status is JobStatus.COMPLETED:
        return Progress(fraction=1.0)
    return (job.attempt and job.attempt.progress) or Progress()


def node_view(turn: Turn, node: Node) -> NodeView:
    return NodeView(
        id=node.id,
        name=node.spec.name,
        base_url=node.spec.base_url,
        engine=node.spec.engine,
        engine_settings=node.spec.engine_settings,
        phase=node_state(turn, node),
        reason=reason_not_free(turn, node),
        is_enabled=node.spec.is_enabled,
        max_queue=node.spec.max_queue,
        priority=node.spec.priority,
        labels=node.spec.labels,
        pool=node.spec.pool,
        engine_version=node.abilities.comfyui_version,
        devices=list(node.abilities.devices),
        vram_free_mb=node.contact.vram_free_mb,
        class_count=len(node.abilities.classes),
        model_count=len(node.abilities.models),
        digest=node.abilities.digest or None,
        running_job_ids=[attempt.job.id for attempt in node.attempts.values()],
        foreign_prompts=node.contact.foreign_prompts,
        last_beat_at=node.contact.beat_at,
    )


def node_state(turn: Turn, node: Node) -> NodePhase:
    if not node.spec.is_enabled:
        return NodePhase.DISABLED
    if is_quarantined(turn, node):
        return NodePhase.QUARANTINED
    if node.standing is Standing.WANTED:
        return NodePhase.JOINING
    if node.standing is Standing.LOST or not node.contact.is_reachable:
        return NodePhase.LOST
    return NodePhase.BUSY if node.attempts else NodePhase.READY

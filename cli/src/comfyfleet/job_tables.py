"""Tables of jobs for a terminal."""

import json
from collections.abc import Iterator, Sequence
from datetime import datetime

from rich.table import Table
from rich.text import Text

from comfyfleet.client.job_progress import not_runnable
from comfyfleet.tables import ago, colored, plain_table
from contracts.scheduler.jobs import JobSummary, JobView

LONGEST_INPUT = 2_000


def jobs_table(jobs: Sequence[JobSummary]) -> Table:
    table = plain_table("job", "workflow", "status", "priority", "created", "duration", "detail")
    for job in jobs:
        duration = ""
        if job.started_at and job.finished_at:
            duration = f"{(job.finished_at - job.started_at).total_seconds():.1f} s"
        row = (str(job.id), job.workflow, colored(job.status), job.priority)
        table.add_row(*row, ago(job.created_at), duration, Text(job_detail(job)))
    return table


def job_detail(job: JobSummary) -> str:
    if job.error:
        return job.error.message
    if job.unmet and not job.status.is_terminal:
        return not_runnable(job.unmet)
    if job.outputs:
        return f"{len(job.outputs)} file{'s' if len(job.outputs) > 1 else ''}"
    return f"{job.progress.fraction:.0%}" if job.status == "running" else ""


def job_card(job: JobView) -> Table:
    """Show everything about one job that is set, a line for each."""
    table = plain_table("field", "value")
    for name, value in job_lines(job):
        if value:
            table.add_row(name, value if isinstance(value, Text) else Text(value))
    return table


def job_lines(job: JobView) -> Iterator[tuple[str, str | Text]]:
    yield "job", str(job.id)
    yield "workflow", job.workflow
    yield "status", colored(job.status)
    yield "detail", job_detail(job)
    yield "waits", job.reason or ""
    yield "place in queue", str(job.queue_position or "")
    yield "ends in", f"about {job.eta_seconds:.0f} s" if job.eta_seconds is not None else ""
    yield "priority", job.priority
    yield "labels", labels_text(job)
    yield "batch", str(job.batch_id or "")
    yield "retry of", str(job.retry_of or "")
    yield "attempts", str(job.attempt_count)
    for name in ("created", "started", "finished"):
        yield name, moment(getattr(job, f"{name}_at"))
    yield "deadline", moment(job.deadline)
    for name, value in job.inputs.items():
        if value is not None:
            yield f"input {name}", json.dumps(value, ensure_ascii=False)[:LONGEST_INPUT]
    for output in job.outputs:
        yield f"output {output.name}", f"{output.media_id} ({output.content_type})"


def labels_text(job: JobSummary) -> str:
    return ", ".join(f"{key}={value}" for key, value in job.labels.items())


def moment(time: datetime | None) -> str:
    return f"{time:%Y-%m-%d %H:%M:%S} UTC" if time else ""

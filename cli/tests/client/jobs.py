"""Jobs and outputs as the API shows them."""

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

from contracts.access import Priority
from contracts.scheduler.jobs import JobError, JobStatus, JobView, Output
from contracts.values import Unmet, new_id

JOB_ID = new_id()


def a_job(
    status: JobStatus = JobStatus.QUEUED,
    *,
    version: int = 1,
    outputs: Sequence[Output] = (),
    error: JobError | None = None,
    missing: Sequence[str] = (),
) -> JobView:
    return JobView(
        id=JOB_ID,
        status=status,
        workflow="resize@1",
        owner_id=new_id(),
        priority=Priority.BATCH,
        created_at=datetime.now(UTC),
        version=version,
        outputs=list(outputs),
        error=error,
        unmet=[Unmet(kind="class", name=name, message=name) for name in missing],
    )


def an_output(media_id: UUID) -> Output:
    return Output(
        name="../images",
        index=0,
        media_id=media_id,
        kind="image",
        content_type="image/png",
        size_bytes=4,
    )

"""The owners of things, as small as the gateway's tests need them, on a real bus."""

import asyncio
from datetime import UTC, datetime
from typing import Any, TypeVar
from uuid import UUID, uuid4

from contracts.access import Priority
from contracts.errors import ConflictError, NotFoundError, OperationError
from contracts.message import Accepted
from contracts.scheduler.explanations import ExplainJob, JobExplanation
from contracts.scheduler.job_changes import DeleteJob, UpdateJob
from contracts.scheduler.job_events import JobCompleted, JobEvent, JobQueued, JobStarted
from contracts.scheduler.job_requests import (
    CancelJob,
    FindJobs,
    FindSubmitted,
    ListJobs,
    SubmitJob,
    SubmitJobView,
)
from contracts.scheduler.jobs import JobList, JobPage, JobStatus, JobView, Output
from contracts.values import fitting
from gateway.jobs.loader import GATEWAY
from runtime.bus.client import Bus
from runtime.outbox.messages import event
from runtime.outbox.relay import publish

F = TypeVar("F", bound=JobEvent)
NOW = datetime(2026, 1, 1, tzinfo=UTC)


def a_job(owner_id: UUID, job_id: UUID | None = None, workflow: str = "solid@1") -> JobView:
    return JobView(
        id=job_id or uuid4(),
        status=JobStatus.QUEUED,
        workflow=workflow,
        owner_id=owner_id,
        priority=Priority.INTERACTIVE,
        created_at=NOW,
        version=1,
    )


def an_output(*, is_withheld: bool = False) -> Output:
    return Output(
        is_withheld=is_withheld,
        name="images",
        index=0,
        media_id=uuid4(),
        kind="image",
        content_type="image/png",
        size_bytes=7,
    )


class FakeScheduler:
    """Keeps jobs in memory; tells their facts through the real stream of events."""

    def __init__(self, bus: Bus) -> None:
        self.bus = bus
        self.jobs: dict[UUID, JobView] = {}
        self.submitted: list[SubmitJob] = []
        self.explained: list[ExplainJob] = []
        self.overseers: set[UUID] = set()
        """Users who may read all jobs."""
        self.keys: dict[str, tuple[str, UUID]] = {}
        self.loses_an_answer = False
        self.broken: set[UUID] = set()
        self.refusal: OperationError | None = None
        """Of each new job."""
        self.failure: OperationError = NotFoundError("no")

    async def serve(self) -> None:
        await self.bus.serve(SubmitJob, self.submit)
        await self.bus.serve(CancelJob, self.cancel)
        await self.bus.serve(UpdateJob, self.update)
        await self.bus.serve(DeleteJob, self.delete)
        await self.bus.serve(FindJobs, self.find)
        await self.bus.serve(ExplainJob, self.explain)
        self.stop_finding = await self.bus.serve(FindSubmitted, self.find_submitted)
        await self.bus.serve(ListJobs, self.list)

    async def submit(self, request: SubmitJob) -> SubmitJobView:
        key = request.idempotency
        if key and key.key in self.keys:
            digest, job_id = self.keys[key.key]
            if digest != key.body_digest:
                raise ConflictError("another body", code="idempotency_key_reused")
            return SubmitJobView(job=self.jobs[job_id], is_replay=True)
        if self.refusal:
            raise self.refusal
        self.submitted.append(request)
        job = a_job(request.actor.user_id, request.job.job_id, request.job.workflow)
        self.jobs[job.id] = job
        if key:
            self.keys[key.key] = (key.body_digest, job.id)
        if self.loses_an_answer:
            self.loses_an_answer = False
            raise asyncio.CancelledError  # the caller repeats its command
        return SubmitJobView(job=job)

    async def find_submitted(self, request: FindSubmitted) -> JobList:
        known = self.keys.get(request.idempotency.key)
        if known is None:
            return JobList(items=[])
        request.idempotency.refuse_other_body(known[0])
        return JobList(items=[self.jobs[known[1]]])

    async def cancel(self, request: CancelJob) -> JobView:
        return self.owned(request.actor.user_id, request.job_id)

    async def update(self, request: UpdateJob) -> JobView:
        self.owned(request.actor.user_id, request.job_id)
        changes = {"priority": request.priority, "labels": request.labels}
        update = {name: value for name, value in changes.items() if value is not None}
        job = self.jobs[request.job_id].model_copy(update=update)
        self.jobs[job.id] = job
        return job

    async def delete(self, request: DeleteJob) -> Accepted:
        job = self.owned(request.actor.user_id, request.job_id)
        if not job.status.is_terminal:
            raise ConflictError("it goes on", code="job_not_over")
        del self.jobs[job.id]
        return Accepted()

    async def explain(self, request: ExplainJob) -> JobExplanation:
        job = self.owned(request.actor.user_id, request.job_id)
        self.explained.append(request)
        return JobExplanation(job_id=job.id, status=job.status, message="all busy")

    async def find(self, request: FindJobs) -> JobList:
        if self.broken.intersection(request.job_ids):
            raise self.failure
        found = [self.jobs[id_] for id_ in request.job_ids if id_ in self.jobs]
        asker = request.actor.user_id
        allowed = {GATEWAY.user_id, *self.overseers}
        mine = [j for j in found if asker in {j.owner_id, *allowed}]
        items = fitting(mine)
        return JobList(items=items, left=[job.id for job in mine[len(items) :]])

    async def list(self, request: ListJobs) -> JobPage:
        items = [j for j in self.jobs.values() if j.owner_id == request.actor.user_id]
        found = [
            j
            for j in items
            if (not request.status or j.status in request.status)
            and request.batch_id in (None, j.batch_id)
        ]
        begin = int(request.cursor or 0)
        end = begin + request.limit
        return JobPage(items=[*found[begin:end]], next_cursor=str(end) if found[end:] else None)

    def owned(self, user_id: UUID, job_id: UUID) -> JobView:
        job = self.jobs.get(job_id)
        if job is None or job.owner_id != user_id:
            raise NotFoundError("there is no such job")
        return job

    def add(self, owner_id: UUID, **fields: Any) -> JobView:
        job = a_job(owner_id).model_copy(update=fields)
        self.jobs[job.id] = job
        return job

    async def queue(self, job_id: UUID) -> None:
        await self.tell(self.thin(JobQueued, job_id))

    async def start(self, job_id: UUID) -> None:
        self.change(job_id, JobStatus.RUNNING)
        await self.tell(self.thin(JobStarted, job_id, node_id=uuid4(), attempt=1))

    async def complete(self, job_id: UUID, *, is_withheld: bool = False) -> None:
        outputs = [an_output(is_withheld=is_withheld)]
        self.change(job_id, JobStatus.COMPLETED, outputs=outputs)
        await self.tell(self.thin(JobCompleted, job_id))

    def change(self, job_id: UUID, status: JobStatus, **more: object) -> None:
        job = self.jobs[job_id]
        update = {"status": status, "version": job.version + 1, **more}
        self.jobs[job_id] = job.model_copy(update=update)

    def thin(self, fact: type[F], job_id: UUID, **more: object) -> F:
        job = self.jobs[job_id]
        same = {"job_id": job.id, "owner_id": job.owner_id, "status": job.status}
        place = {"workflow": job.workflow, "version": job.version, "occurred_at": NOW}
        place |= {"batch_id": job.batch_id}
        return fact.model_validate({**same, **place, **more})

    async def tell(self, fact: JobEvent) -> None:
        await publish(self.bus, [event(fact)])

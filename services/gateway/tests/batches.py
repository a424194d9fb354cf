"""A fleet whose scheduler takes batches, as small as the gateway's tests need it."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import httpx

from contracts.access import IdempotencyKey
from contracts.errors import NotFoundError, OperationError
from contracts.message import Accepted
from contracts.scheduler.batches import (
    BatchPage,
    BatchView,
    CancelBatch,
    FindBatch,
    FindSubmittedBatch,
    ListBatches,
    SubmitBatch,
    SubmitBatchView,
    job_ids,
)
from contracts.scheduler.jobs import JobStatus
from gateway.jobs.loader import GATEWAY
from runtime.testing.ports import eventually
from runtime.testing.servers import NatsServer

from .fleet import Fleet, a_fleet, publish_workflow
from .owners import FakeScheduler, a_job

NOW = datetime(2026, 1, 1, tzinfo=UTC)
SPEC = """
spec: comfyfleet/v1
name: draw
title: Draw
category: utility
graph: draw.graph.json
inputs:
  text: {type: text, title: Text, max_length: 500000, bind: [{node: "1", input: text}]}
  lora: {type: text, title: LoRA, default: a, bind: [{node: "1", input: lora_name}]}
  steps: {type: integer, title: Steps, default: 4, maximum: 9, bind: [{node: "1", input: steps}]}
  seed: {type: seed, title: Seed, bind: [{node: "1", input: seed}]}
  image: {type: image, title: Image, bind: [{node: "3", input: image}]}
outputs:
  images: {node: "2", kind: image}
"""
GRAPH = """{"1": {"class_type": "LoraLoader", "inputs": {"text": "", "lora_name": "a", "steps": 1,
"seed": 1, "image": ["3", 0]}}, "3": {"class_type": "LoadImage", "inputs": {"image": "x.png"}},
"2": {"class_type": "SaveImage", "inputs": {"images": ["1", 0], "filename_prefix": "a"}}}"""


class FakeBatches:
    """Keeps batches in memory; their jobs are those of a `FakeScheduler`."""

    def __init__(self, scheduler: FakeScheduler) -> None:
        self.scheduler = scheduler
        self.submitted: dict[UUID, SubmitBatch] = {}
        self.refusal: OperationError | None = None
        self.loses_an_answer = False

    async def serve(self) -> None:
        bus = self.scheduler.bus
        await bus.serve(SubmitBatch, self.submit)
        await bus.serve(CancelBatch, self.cancel)
        await bus.serve(FindBatch, self.find)
        await bus.serve(FindSubmittedBatch, self.find_submitted)
        await bus.serve(ListBatches, self.list)

    @property
    def newest(self) -> SubmitBatch:
        return list(self.submitted.values())[-1]

    async def submit(self, request: SubmitBatch) -> SubmitBatchView:
        if self.refusal:
            raise self.refusal
        if request.idempotency and (earlier := self.made_by(request.idempotency)):
            return SubmitBatchView(batch_id=earlier.batch_id, is_replay=True)
        self.submitted[request.batch_id] = request
        for job_id in job_ids(request.batch_id, len(request.items)):
            job = a_job(request.actor.user_id, job_id, request.template.workflow)
            self.scheduler.jobs[job_id] = job.model_copy(update={"batch_id": request.batch_id})
        if self.loses_an_answer:
            self.loses_an_answer = False
            raise asyncio.CancelledError  # the caller repeats its command
        return SubmitBatchView(batch_id=request.batch_id)

    async def cancel(self, request: CancelBatch) -> Accepted:
        batch = self.owned(request.batch_id, request.actor.user_id)
        for job_id in job_ids(batch.batch_id, len(batch.items)):
            self.scheduler.change(job_id, JobStatus.CANCELED)
        return Accepted()

    async def find(self, request: FindBatch) -> BatchView:
        return self.view(self.owned(request.batch_id, request.actor.user_id))

    async def find_submitted(self, request: FindSubmittedBatch) -> BatchView:
        if batch := self.made_by(request.idempotency):
            return self.view(batch)
        raise NotFoundError("the key has made no batch")

    def made_by(self, key: IdempotencyKey) -> SubmitBatch | None:
        for batch in self.submitted.values():
            if batch.idempotency and batch.idempotency.key == key.key:
                key.refuse_other_body(batch.idempotency.body_digest)
                return batch
        return None

    async def list(self, request: ListBatches) -> BatchPage:
        mine = [b for b in self.submitted.values() if b.actor.user_id == request.actor.user_id]
        return BatchPage(items=[self.view(batch) for batch in mine[::-1]])

    def owned(self, batch_id: UUID, user_id: UUID) -> SubmitBatch:
        batch = self.submitted.get(batch_id)
        if batch is None or user_id not in (batch.actor.user_id, GATEWAY.user_id):
            raise NotFoundError("there is no such batch")
        return batch

    def view(self, batch: SubmitBatch) -> BatchView:
        jobs = [self.scheduler.jobs[id_] for id_ in job_ids(batch.batch_id, len(batch.items))]
        by_status = {status: sum(job.status is status for job in jobs) for status in JobStatus}
        ended = sum(job.status.is_terminal for job in jobs)
        return BatchView(
            id=batch.batch_id,
            owner_id=batch.actor.user_id,
            workflow=batch.template.workflow,
            priority=batch.template.priority,
            labels=batch.template.labels,
            created_at=NOW,
            finished_at=NOW if ended == len(jobs) else None,
            job_count=len(jobs),
            job_count_by_status=by_status,
            fraction=ended / len(jobs),
        )


@asynccontextmanager
async def a_batch_fleet(
    nats: NatsServer, **settings: Any
) -> AsyncGenerator[tuple[Fleet, FakeBatches], None]:
    async with a_fleet(nats, **settings) as fleet:
        batches = FakeBatches(fleet.scheduler)
        await batches.serve()
        await publish_workflow(fleet.registry, "draw", SPEC, GRAPH)

        async def is_known() -> bool:
            return (await fleet.client.get("/v1/workflows/draw")).is_success

        await eventually(is_known)
        yield fleet, batches


async def post(
    fleet: Fleet, key: str | None = None, repeat: str = "replay", **body: Any
) -> httpx.Response:
    headers = {"Idempotency-Key": key, "Idempotency-Repeat": repeat} if key else {}
    return await fleet.client.post(
        "/v1/batches", json={"workflow": "draw"} | body, headers=headers, timeout=30
    )

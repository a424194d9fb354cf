"""Scheduler processes, and an agent that speaks the messages but runs nothing."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

from contracts.access import Actor, IdempotencyKey, Permission
from contracts.agent import (
    AttemptEnd,
    AttemptOrder,
    CancelAttempt,
    FinishAttempt,
    Outcome,
    RunAttempt,
)
from contracts.errors import OperationError
from contracts.message import Accepted
from contracts.scheduler.claims import (
    AttemptPhase,
    BeatAttempt,
    ClaimNode,
    NodeBeat,
    ReportCapabilities,
)
from contracts.scheduler.job_requests import NewJob, SubmitJob
from contracts.scheduler.node_requests import AddNode
from contracts.scheduler.nodes import Capabilities, NewNode
from contracts.values import new_id
from runtime.bus.client import Bus
from runtime.testing.ports import eventually
from runtime.testing.servers import NatsServer

ADMIN = Actor(user_id=new_id(), permissions=frozenset(Permission))


@dataclass(slots=True)
class Schedulers:
    """Scheduler processes on one database; each is killed in the end."""

    nats: NatsServer
    database_url: str
    log: Path
    nats_url: str | None = None
    """Where they reach NATS, if it is not at its own address."""
    running: list[subprocess.Popen[bytes]] = field(default_factory=list[subprocess.Popen[bytes]])

    def start(self) -> subprocess.Popen[bytes]:
        environment = {
            **os.environ,
            "COMFYFLEET_NATS_URL": self.nats_url or self.nats.url,
            "COMFYFLEET_NATS_PASSWORD": self.nats.passwords["scheduler"],
            "COMFYFLEET_DATABASE_URL": self.database_url,
            "COMFYFLEET_GRANT_SECRET": "a secret for tests",
        }
        with self.log.open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "scheduler"], env=environment, stdout=log, stderr=log
            )
        self.running.append(process)
        return process

    def kill_all(self) -> None:
        for process in self.running:
            process.send_signal(signal.SIGCONT)
            process.kill()
            process.wait(10)
        self.running.clear()


@dataclass(slots=True)
class FakeAgent:
    """Holds the claim on one node; each attempt completes when `works` says so."""

    bus: Bus
    node_id: UUID
    works: Callable[[AttemptOrder], bool] = lambda _: True
    agent_id: UUID = field(default_factory=new_id)
    claim: int = 0
    trial: int = 0
    orders: dict[UUID, AttemptOrder] = field(default_factory=dict[UUID, AttemptOrder])
    finished: list[UUID] = field(default_factory=list[UUID])
    canceled: set[UUID] = field(default_factory=set[UUID])
    tasks: set[asyncio.Task[None]] = field(default_factory=set[asyncio.Task[None]])

    async def start(self) -> None:
        view = await self.bus.call(ClaimNode(agent_id=self.agent_id, node_id=self.node_id))
        self.claim, self.trial = view.claim, view.node.trial
        await self.bus.serve(RunAttempt, self.run, shared=False, node_id=self.node_id)
        await self.bus.serve(CancelAttempt, self.cancel, shared=False, node_id=self.node_id)
        await self.bus.call(
            ReportCapabilities(
                node_id=self.node_id,
                claim=self.claim,
                capabilities=Capabilities(
                    digest="d", engine_version="0.8.0", classes=["A"], models=[]
                ),
            )
        )
        self.spawn(self.beat())
        for order in view.live:
            self.take(order)

    def spawn(self, work: Any) -> None:
        task = asyncio.create_task(work)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    async def stop(self) -> None:
        tasks = list(self.tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def beat(self) -> None:
        while True:
            attempts = [
                BeatAttempt(attempt_id=attempt_id, phase=AttemptPhase.POSTED)
                for attempt_id in self.orders
            ]
            await self.bus.signal(
                NodeBeat(
                    node_id=self.node_id,
                    claim=self.claim,
                    is_reachable=True,
                    attempts=attempts,
                    passed_trial=self.trial,
                )
            )
            await asyncio.sleep(0.5)

    async def run(self, request: RunAttempt) -> Accepted:
        self.take(request.order)
        return Accepted()

    async def cancel(self, request: CancelAttempt) -> Accepted:
        self.canceled.add(request.attempt_id)
        return Accepted()

    def take(self, order: AttemptOrder) -> None:
        if order.attempt_id not in self.orders and order.attempt_id not in self.finished:
            self.orders[order.attempt_id] = order
            self.spawn(self.execute(order))

    async def execute(self, order: AttemptOrder) -> None:
        await eventually(lambda: self.works(order) or order.attempt_id in self.canceled, 60)
        outcome = Outcome.CANCELED if order.attempt_id in self.canceled else Outcome.COMPLETED
        report = FinishAttempt(
            node_id=self.node_id,
            claim=self.claim,
            attempt_id=order.attempt_id,
            end=AttemptEnd(outcome=outcome, executed_seconds=0.01),
        )
        while True:
            try:
                await self.bus.call(report)
            except OperationError:
                await asyncio.sleep(0.1)
            else:
                break
        del self.orders[order.attempt_id]
        self.finished.append(order.attempt_id)


def a_submit(*, actor: Actor = ADMIN, key: str | None = None, **changes: Any) -> SubmitJob:
    job = NewJob(job_id=new_id(), workflow="solid@1", version_hash="h").model_copy(update=changes)
    idempotency = IdempotencyKey(key=key, body_digest="digest") if key else None
    return SubmitJob(actor=actor, job=job, idempotency=idempotency)


def an_added_node() -> AddNode:
    node_id = new_id()
    node = NewNode(name="one", base_url=f"http://127.0.0.1/{node_id}")
    return AddNode(actor=ADMIN, node_id=node_id, node=node)

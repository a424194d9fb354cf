"""The services around an agent, as far as it talks to them, on real NATS and real S3."""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from minio import Minio
from pydantic import SecretStr

from contracts.agent import (
    AttemptEnd,
    AttemptOrder,
    AttemptPreviewed,
    AttemptProgressed,
    CancelAttempt,
    FinishAttempt,
    JobWatched,
    OwnerWatched,
    RunAttempt,
)
from contracts.errors import ConflictError, NotFoundError, OperationError, UnavailableError
from contracts.message import Accepted
from contracts.registry.workflows import WorkflowVersionRecord
from contracts.scheduler.claims import (
    ClaimNode,
    ClaimView,
    NodeBeat,
    ReportCapabilities,
    SchedulerLed,
)
from contracts.scheduler.nodes import ClaimedNode
from contracts.services import NODES, WORKFLOWS, ServiceName
from contracts.values import new_id
from node_agent.app import run
from node_agent.ports import OpenEngine
from node_agent.settings import NodeAgentSettings
from runtime.bus.client import Bus
from runtime.testing.ports import eventually
from runtime.testing.servers import NatsServer, S3Server
from workflows import WorkflowVersion

from .media import FakeMedia

EPOCH = 7
OWNER = new_id()


@dataclass
class Fleet:
    """A scheduler with one node, a media service, a registry; everything heard is kept."""

    nats: NatsServer
    scheduler: Bus
    gateway: Bus
    registry: Bus
    media: FakeMedia
    claims: dict[UUID, int] = field(default_factory=dict[UUID, int])
    entries: dict[UUID, ClaimedNode] = field(default_factory=dict[UUID, ClaimedNode])
    asked: Counter[UUID] = field(default_factory=Counter[UUID])
    """Requests for a claim, by node."""
    claim_refusals: dict[UUID, OperationError] = field(default_factory=dict[UUID, OperationError])
    """Answers to requests for a claim, by node."""
    holders: dict[UUID, UUID] = field(default_factory=dict[UUID, UUID])
    """Agents by node."""
    live: list[AttemptOrder] = field(default_factory=list[AttemptOrder])
    finished: dict[UUID, AttemptEnd] = field(default_factory=dict[UUID, AttemptEnd])
    reports: list[FinishAttempt] = field(default_factory=list[FinishAttempt])
    beats: list[NodeBeat] = field(default_factory=list[NodeBeat])
    capabilities: list[ReportCapabilities] = field(default_factory=list[ReportCapabilities])
    progress: list[AttemptProgressed] = field(default_factory=list[AttemptProgressed])
    previews: list[AttemptPreviewed] = field(default_factory=list[AttemptPreviewed])
    is_leading: bool = True
    deaf_for: int = 0
    """So many reports are not answered."""

    async def claim(self, message: ClaimNode) -> ClaimView:
        self.asked[message.node_id] += 1
        if refusal := self.claim_refusals.get(message.node_id):
            raise refusal
        entry = self.entries.get(message.node_id)
        if entry is None:
            raise NotFoundError("there is no such node")
        if self.holders.get(entry.node_id) != message.agent_id:
            self.holders[entry.node_id] = message.agent_id
            self.claims[entry.node_id] = self.claims.get(entry.node_id, 0) + 1
        return ClaimView(claim=self.claims[entry.node_id], epoch=EPOCH, node=entry, live=self.live)

    async def finish(self, message: FinishAttempt) -> Accepted:
        if self.deaf_for:
            self.deaf_for -= 1
            raise UnavailableError("not now")
        if message.claim != self.claims[message.node_id]:
            raise ConflictError("an older claim", code="stale_claim")
        self.reports.append(message)
        self.finished.setdefault(message.attempt_id, message.end)
        return Accepted()

    async def learn(self, message: ReportCapabilities) -> Accepted:
        self.capabilities.append(message)
        return Accepted()

    async def add_node(self, url: str, **more: Any) -> ClaimedNode:
        entry = ClaimedNode(node_id=new_id(), name="node", base_url=url, **more)
        await self.wish(entry)
        return entry

    async def wish(self, entry: ClaimedNode) -> None:
        self.entries[entry.node_id] = entry
        if entry.agent_id:
            self.holders[entry.node_id] = entry.agent_id
        shown = entry.model_dump_json(exclude={"headers"})
        await put(self.scheduler, NODES.name, str(entry.node_id), shown)

    async def unwish(self, entry: ClaimedNode) -> None:
        self.entries.pop(entry.node_id, None)
        await (await self.scheduler.jetstream.key_value(NODES.name)).delete(str(entry.node_id))

    async def publish(self, version: WorkflowVersion) -> str:
        record = WorkflowVersionRecord(
            name=version.name,
            version=1,
            hash=version.hash,
            graph=version.graph,
            spec=version.spec.model_dump(mode="json", exclude_defaults=True),
        )
        key = f"version.{version.hash}"
        await put(self.registry, WORKFLOWS.name, key, record.model_dump_json())
        return version.hash

    async def ready(self, entry: ClaimedNode) -> None:
        await self.sees(entry, lambda beat: beat.is_reachable)

    async def sees(
        self, entry: ClaimedNode, is_so: Callable[[NodeBeat], bool], within: float = 10
    ) -> None:
        """Wait for a beat of the node that comes from now on."""
        start = len(self.beats)
        await eventually(
            lambda: any(b.node_id == entry.node_id and is_so(b) for b in self.beats[start:]), within
        )

    async def run(self, entry: ClaimedNode, order: AttemptOrder, epoch: int = EPOCH) -> Accepted:
        claim = self.claims[entry.node_id]
        message = RunAttempt(node_id=entry.node_id, claim=claim, epoch=epoch, order=order)
        return await self.scheduler.call(message)

    async def cancel(self, entry: ClaimedNode, attempt_id: UUID, **more: Any) -> Accepted:
        ids: dict[str, Any] = {"node_id": entry.node_id, "attempt_id": attempt_id} | more
        claim = self.claims[entry.node_id]
        return await self.scheduler.call(CancelAttempt(claim=claim, epoch=EPOCH, **ids))

    async def outcome(self, order: AttemptOrder, within: float = 20) -> AttemptEnd:
        await eventually(lambda: order.attempt_id in self.finished, within)
        return self.finished[order.attempt_id]

    async def lead(self) -> None:
        while True:
            if self.is_leading:
                await self.scheduler.signal(SchedulerLed(epoch=EPOCH))
            await asyncio.sleep(0.3)

    async def watch_job(self, order: AttemptOrder) -> None:
        await self.gateway.signal(JobWatched(job_id=order.job_id))

    async def watch_owner(self, order: AttemptOrder) -> None:
        await self.gateway.signal(OwnerWatched(owner_id=order.owner_id))

    @asynccontextmanager
    async def agent(
        self, engines: Mapping[str, OpenEngine] | None = None, **more: Any
    ) -> AsyncGenerator[asyncio.Task[None], None]:
        password = SecretStr(self.nats.passwords["node-agent"])
        settings = NodeAgentSettings(nats_url=self.nats.url, nats_password=password, **more)
        task = asyncio.create_task(run(settings, engines))
        try:
            yield task
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task


async def put(bus: Bus, bucket: str, key: str, value: str) -> None:
    await (await bus.jetstream.key_value(bucket)).put(key, value.encode())


def an_order(version_hash: str, **more: Any) -> AttemptOrder:
    attempt_id = more.pop("attempt_id", None) or new_id()
    fields: dict[str, Any] = {
        "attempt_id": attempt_id,
        "job_id": new_id(),
        "owner_id": OWNER,
        "number": 1,
        "version_hash": version_hash,
        "inputs": {},
        "grant": str(attempt_id),
        "timeout_seconds": 60.0,
    }
    return AttemptOrder.model_validate(fields | more)


@asynccontextmanager
async def a_fleet(nats: NatsServer, s3: S3Server) -> AsyncGenerator[Fleet, None]:
    """Fakes of the other services, each under its own NATS user with its real permissions."""
    async with AsyncExitStack() as stack:

        async def bus(service: ServiceName) -> Bus:
            password = nats.passwords[service]
            connecting = Bus.connect(nats.url, service=service, password=password)
            return await stack.enter_async_context(connecting)

        client = Minio(s3.endpoint, s3.access_key, s3.secret_key, secure=False, region=s3.region)
        media = FakeMedia(client, s3.bucket)
        scheduler, gateway = await bus("scheduler"), await bus("gateway")
        fleet = Fleet(nats, scheduler, gateway, await bus("workflow-registry"), media)
        await media.serve(await bus("media"))
        await scheduler.serve(ClaimNode, fleet.claim)
        await scheduler.serve(ReportCapabilities, fleet.learn)
        await scheduler.serve(FinishAttempt, fleet.finish)
        await scheduler.subscribe(NodeBeat, keep(fleet.beats))
        await gateway.subscribe(AttemptProgressed, keep(fleet.progress))
        await gateway.subscribe(AttemptPreviewed, keep(fleet.previews))
        leading = asyncio.create_task(fleet.lead())
        try:
            yield fleet
        finally:
            leading.cancel()
            for entry in list(fleet.entries.values()):
                await fleet.unwish(entry)


def keep(kept: list[Any]) -> Callable[[Any], Any]:
    async def hear(message: Any) -> None:
        kept.append(message)

    return hear


async def refused(fleet: Fleet, entry: ClaimedNode, order: AttemptOrder) -> OperationError:
    """The error that the agent answered."""
    try:
        await fleet.run(entry, order)
    except OperationError as error:
        return error
    raise AssertionError("the order was accepted")

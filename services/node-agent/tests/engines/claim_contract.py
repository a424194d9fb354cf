"""A whole claim on any engine: beats, orders, uploads and reports go the common way."""

import asyncio
import io
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import ClassVar

from PIL import Image
from pydantic import SecretStr

from contracts.access import Actor, Permission
from contracts.agent import Cause, Outcome
from contracts.registry.requests import CoverageView, FindDescription, UploadWorkflow
from contracts.scheduler.node_requests import ListNodes, NodePage
from contracts.scheduler.nodes import NodePhase, NodeView
from contracts.values import new_id
from runtime.bus.client import Bus
from runtime.testing.ports import eventually
from runtime.testing.postgres import PostgresServer
from runtime.testing.servers import NatsServer
from workflow_registry.app import run
from workflow_registry.settings import RegistrySettings

from ..fleet import Fleet, an_order  # noqa: TID252  shared by these tests alone
from .contract import EngineContract

AUTHOR = Actor(user_id=new_id(), permissions=frozenset({Permission.WORKFLOWS_WRITE}))


class ClaimContract(EngineContract):
    is_described: ClassVar[bool]
    """The registry has a reader for the engine's descriptions."""

    async def test_a_claim_goes_from_beat_and_order_to_report(self, fleet: Fleet, url: str) -> None:
        order = an_order(await fleet.publish(self.workflows.slow(5)))
        entry = await fleet.add_node(url, engine=self.name)
        async with fleet.agent(engines={self.name: type(self).open_engine}):
            await fleet.ready(entry)
            await eventually(lambda: bool(fleet.capabilities))
            await fleet.run(entry, order)
            end = await fleet.outcome(order)
            await fleet.sees(entry, lambda beat: not beat.attempts and beat.foreign_prompts == 0)

        assert end.outcome is Outcome.COMPLETED, end
        assert (end.outputs[0].content_type, end.outputs[0].width) == ("image/png", 64)
        assert any(seen.progress.step for seen in fleet.progress)
        with Image.open(io.BytesIO(await fleet.media.bytes_of(order.grant))) as image:
            assert image.size == (64, 48)

    async def test_a_claim_reports_cancels_and_failures(self, fleet: Fleet, url: str) -> None:
        canceled = an_order(await fleet.publish(self.workflows.slow(200)))
        failing = an_order(await fleet.publish(self.workflows.failing("a reason")))
        entry = await fleet.add_node(url, engine=self.name)
        async with fleet.agent(engines={self.name: type(self).open_engine}):
            await fleet.ready(entry)
            await fleet.run(entry, canceled)
            await eventually(lambda: any(seen.progress.step for seen in fleet.progress))
            await fleet.cancel(entry, canceled.attempt_id)
            assert (await fleet.outcome(canceled)).outcome is Outcome.CANCELED
            await fleet.run(entry, failing)
            assert (await fleet.outcome(failing)).cause is Cause.WORKFLOW

    async def test_the_next_agent_adopts_a_running_attempt(self, fleet: Fleet, url: str) -> None:
        order = an_order(await fleet.publish(self.workflows.slow(20)))
        entry = await fleet.add_node(url, engine=self.name)
        engines = {self.name: type(self).open_engine}
        async with fleet.agent(engines=engines):
            await fleet.ready(entry)
            await fleet.run(entry, order)
            await eventually(lambda: any(seen.progress.step for seen in fleet.progress))
        assert order.attempt_id not in fleet.finished
        fleet.live = [order]
        async with fleet.agent(engines=engines):
            end = await fleet.outcome(order)

        assert end.outcome is Outcome.COMPLETED
        assert fleet.reports[-1].claim == 2

    async def test_the_real_registry_takes_the_description(
        self, fleet: Fleet, postgres: PostgresServer, tmp_path: Path, url: str
    ) -> None:
        entry, version = await fleet.add_node(url, engine=self.name), self.workflows.quick()

        async def list_nodes(_: ListNodes) -> NodePage:
            found = {report.node_id: report.capabilities.digest for report in fleet.capabilities}
            shown = entry.model_dump(exclude={"node_id", "headers"})
            digest = found.get(entry.node_id)
            view = NodeView(id=entry.node_id, phase=NodePhase.READY, digest=digest, **shown)
            return NodePage(items=[view])

        async def coverage() -> CoverageView:
            content = version.spec.model_dump(mode="json", exclude_defaults=True)
            command = UploadWorkflow(actor=AUTHOR, spec=content, graph=version.graph)
            return (await fleet.gateway.call(command)).coverage

        async def is_judged() -> bool:
            [node] = (await coverage()).nodes
            return (node.is_described, node.is_runnable) == (self.is_described, self.is_described)

        await fleet.scheduler.serve(ListNodes, list_nodes)
        async with (
            a_registry(fleet.nats, await postgres.database_for("workflow-registry"), tmp_path),
            fleet.agent({self.name: type(self).open_engine}),
            Bus.connect(
                fleet.nats.url, service="node-agent", password=fleet.nats.passwords["node-agent"]
            ) as asking,
        ):
            await eventually(lambda: bool(fleet.capabilities))
            digest = fleet.capabilities[0].capabilities.digest

            async def is_stored() -> bool:
                query = FindDescription(node_id=entry.node_id, digest=digest)
                return (await asking.call(query)).is_known

            await eventually(is_stored)
            await eventually(is_judged)


@asynccontextmanager
async def a_registry(nats: NatsServer, url: str, folder: Path) -> AsyncGenerator[None, None]:
    settings = RegistrySettings(
        nats_url=nats.url,
        nats_password=SecretStr(nats.passwords["workflow-registry"]),
        database_url=SecretStr(url),
        workflows_dir=folder,
    )
    service = asyncio.create_task(run(settings))
    try:
        yield
    finally:
        service.cancel()
        with suppress(asyncio.CancelledError):
            await service

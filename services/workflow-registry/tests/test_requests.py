"""Uploads, and coverage as nodes change: on real NATS and Postgres, with a small scheduler."""

import base64
import json
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from contracts.errors import ConflictError, InvalidError, NotFoundError
from contracts.registry.requests import (
    ActivateVersion,
    DeleteWorkflow,
    FindCoverage,
    FindDescription,
    ListVersions,
    StoreDescription,
    UploadWorkflow,
)
from contracts.registry.workflows import ModelFolder, ServerClasses
from contracts.scheduler.node_events import NodeJoined
from contracts.scheduler.node_requests import ListNodes, NodePage
from contracts.scheduler.nodes import NodeView
from contracts.services import WORKFLOWS
from runtime import clock
from runtime.bus.bucket import read_value
from runtime.bus.client import Bus
from runtime.outbox.messages import event
from runtime.outbox.relay import publish
from runtime.testing.ports import eventually
from runtime.testing.postgres import PostgresServer
from runtime.testing.servers import NatsServer
from workflow_registry.handlers import fleet as fleet_handlers
from workflows.spec.documents import read_mapping

from .builders import CLASSES, a_description, a_folder, a_graph, a_node, a_spec, an_actor
from .running import a_bus, gateway, registry


class FakeScheduler:
    def __init__(self, *nodes: NodeView) -> None:
        self.nodes = list(nodes)

    async def list(self, _: ListNodes) -> NodePage:
        return NodePage(items=self.nodes)


def an_upload(color: int = 0, *, name: str = "mine", activate: bool = False) -> UploadWorkflow:
    return UploadWorkflow(
        actor=an_actor(),
        spec=read_mapping(a_spec(name), "spec"),
        graph=json.loads(a_graph(color)),
        activate=activate,
    )


async def describe(agent: Bus, packed: tuple[str, bytes]) -> None:
    digest, content = packed
    asked = await agent.call(FindDescription(node_id=uuid4(), digest=digest))
    half = len(content) // 2
    pages = [content[:half], content[half:]]
    told = [
        await agent.call(
            StoreDescription(
                node_id=uuid4(),
                digest=digest,
                page=number,
                pages=2,
                data=base64.b64encode(page).decode(),
            )
        )
        for number, page in enumerate(pages)
    ]
    assert [asked.is_known, *(view.is_known for view in told)] == [False, False, True]


async def test_an_upload_becomes_a_version_and_the_folder_keeps_its_own(
    nats: NatsServer, postgres: PostgresServer, tmp_path: Path
) -> None:
    for file, text in a_folder("solid").items():
        assert isinstance(text, str)
        (tmp_path / file).write_text(text)
    url, actor = await postgres.database_for("workflow-registry"), an_actor()
    async with registry(nats, url, tmp_path), gateway(nats) as (bus, mirror):
        await eventually(lambda: "name.solid" in mirror.entries)
        await bus.call(an_upload(0, activate=True))
        draft = await bus.call(an_upload(1))
        with pytest.raises(ConflictError):
            await bus.call(an_upload(3, name="solid"))
        await bus.call(ActivateVersion(actor=actor, name="mine", version=2))
        await bus.call(ActivateVersion(actor=actor, name="mine", version=1))
        listed = await bus.call(ListVersions(actor=actor, name="mine"))

        assert (draft.version, draft.is_active, draft.coverage.is_runnable) == (2, False, None)
        assert [(item.version, item.status) for item in listed.items] == [
            (2, "inactive"),
            (1, "active"),
        ]
        assert listed.items[0].created_by == actor.user_id

        await bus.call(DeleteWorkflow(actor=actor, name="mine"))
        await eventually(lambda: mirror.entries["name.mine"].is_deleted)
        assert await read_value(bus, WORKFLOWS, f"version.{draft.hash}")
        with pytest.raises(NotFoundError):
            await bus.call(ActivateVersion(actor=actor, name="mine", version=1))


async def test_coverage_follows_the_nodes(
    nats: NatsServer, postgres: PostgresServer, tmp_path: Path
) -> None:
    able = a_description(models={"loras": ["film.safetensors"]})
    unable = a_description({"SaveImage": CLASSES["SaveImage"]})
    url = await postgres.database_for("workflow-registry")
    async with (
        a_bus(nats, "scheduler") as scheduler,
        a_bus(nats, "node-agent") as agent,
        registry(nats, url, tmp_path),
        gateway(nats) as (bus, mirror),
    ):
        fleet = FakeScheduler(a_node(unable[0], name="old"))
        await scheduler.serve(ListNodes, fleet.list)
        view = await bus.call(an_upload(activate=True))
        await describe(agent, unable)
        await eventually(lambda: "name.mine" in mirror.entries)
        await eventually(lambda: mirror.entries["name.mine"].is_runnable is False)
        unmet = mirror.entries["name.mine"].unmet
        assert [entry.name for entry in unmet] == ["EmptyImage"]

        fleet.nodes.append(a_node(able[0], name="new"))
        await describe(agent, able)
        await eventually(lambda: mirror.entries["name.mine"].is_runnable is True)
        query = FindCoverage(actor=an_actor(), version_hash=view.hash)
        coverage = await bus.call(query)
        body = await read_value(bus, WORKFLOWS, "models.loras")

        assert [(node.name, node.is_runnable) for node in coverage.nodes] == [
            ("old", False),
            ("new", True),
        ]
        assert ModelFolder.model_validate_json(body or b"").names == ["film.safetensors"]
        told = await read_value(bus, WORKFLOWS, f"classes.{able[0]}")
        taken = ServerClasses.model_validate_json(told or b"").classes
        assert taken.keys() == {"EmptyImage", "SaveImage"}


async def test_coverage_follows_the_nodes_that_join_without_waiting_for_the_poll(
    nats: NatsServer,
    postgres: PostgresServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(fleet_handlers, "POLL_SECONDS", 3_600.0)
    described = a_description()
    url = await postgres.database_for("workflow-registry")
    async with (
        a_bus(nats, "scheduler") as scheduler,
        a_bus(nats, "node-agent") as agent,
        registry(nats, url, tmp_path),
        gateway(nats) as (bus, _),
    ):
        fleet = FakeScheduler()
        await scheduler.serve(ListNodes, fleet.list)
        view = await bus.call(an_upload(activate=True))
        await describe(agent, described)
        query = FindCoverage(actor=an_actor(), version_hash=view.hash)
        for name in ("a", "b", "c", "d"):
            node = a_node(described[0], name=name)
            fleet.nodes.append(node)
            await join(scheduler, node)
            await eventually(partial(covers, bus, query, node))


async def join(scheduler: Bus, node: NodeView) -> None:
    fact = NodeJoined(node_id=node.id, name=node.name, version=1, occurred_at=clock.now())
    assert await publish(scheduler, [event(fact)]) == []


async def covers(bus: Bus, query: FindCoverage, node: NodeView) -> bool:
    return node.id in [item.node_id for item in (await bus.call(query)).nodes if item.is_runnable]


SAVED: dict[str, Any] = {
    "version": 0.4,
    "nodes": [
        {
            "id": 1,
            "type": "EmptyImage",
            "mode": 0,
            "inputs": [],
            "outputs": [{"name": "IMAGE", "type": "IMAGE", "links": [1]}],
            "widgets_values": [64, 64, 1, 0],
        },
        {
            "id": 2,
            "type": "SaveImage",
            "mode": 0,
            "inputs": [{"name": "images", "type": "IMAGE", "link": 1}],
            "outputs": [],
            "widgets_values": ["x"],
        },
    ],
    "links": [[1, 1, 0, 2, 0, "IMAGE"]],
}


async def test_what_comfyui_saves_is_taken_once_a_server_is_described(
    nats: NatsServer, postgres: PostgresServer, tmp_path: Path
) -> None:
    (tmp_path / "solid.graph.json").write_text(json.dumps(SAVED))
    (tmp_path / "solid.yaml").write_text(a_spec())
    described = a_description()
    url = await postgres.database_for("workflow-registry")
    async with (
        a_bus(nats, "scheduler") as scheduler,
        a_bus(nats, "node-agent") as agent,
        registry(nats, url, tmp_path),
        gateway(nats) as (bus, mirror),
    ):
        await scheduler.serve(ListNodes, FakeScheduler(a_node(described[0])).list)
        upload = an_upload().model_copy(update={"graph": SAVED})
        with pytest.raises(InvalidError):
            await bus.call(upload)
        await eventually(lambda: "name.solid" in mirror.entries)
        assert mirror.entries["name.solid"].problem

        await describe(agent, described)
        await eventually(lambda: mirror.entries["name.solid"].active_version == 1)
        view = await bus.call(upload)

        assert view.coverage.is_runnable is True

"""An operator lets a node's agent fetch model files over HTTP."""

from collections.abc import AsyncGenerator
from typing import Any

import pytest

from contracts.errors import ConflictError, NotFoundError
from contracts.model_files import (
    FetchModel,
    FindModels,
    NodeModelsView,
    TransferPhase,
    TransferView,
)
from contracts.scheduler.node_requests import FindNode
from contracts.scheduler.nodes import NodePhase, NodeView
from contracts.values import new_id
from runtime.testing.servers import NatsServer

from .fleet import Fleet, a_fleet

NODE_ID = new_id()
PATH = f"/v1/nodes/{NODE_ID}/models"
HASH = "0" * 64
BODY = {"url": "https://models.example/film.safetensors", "sha256": HASH}


class FakeAgent:
    """An agent that keeps the commands; and a scheduler with its node."""

    def __init__(self) -> None:
        self.commands: list[FetchModel] = []
        self.node: dict[str, Any] = {"is_managed": True}

    async def serve(self, fleet: Fleet) -> None:
        await fleet.scheduler.bus.serve(FindNode, self.find)
        await fleet.agent.serve(FetchModel, self.fetch, node_id=NODE_ID)
        await fleet.agent.serve(FindModels, self.list, node_id=NODE_ID)

    async def find(self, query: FindNode) -> NodeView:
        if query.node_id != NODE_ID:
            raise NotFoundError("there is no such node")
        node = NodeView(id=NODE_ID, name="n", base_url="http://n", phase=NodePhase.READY)
        return node.model_copy(update=self.node)

    async def fetch(self, command: FetchModel) -> TransferView:
        self.commands.append(command)
        if command.folder == "vae":
            raise ConflictError("no folder", code="no_models_dir")
        return TransferView(folder=command.folder, name=command.name, phase=TransferPhase.WAITING)

    async def list(self, _: FindModels) -> NodeModelsView:
        return NodeModelsView(transfers=[], used_bytes=7, max_bytes=100)


@pytest.fixture
async def fleet(nats: NatsServer) -> AsyncGenerator[Fleet, None]:
    async with a_fleet(nats) as fleet:
        yield fleet


async def test_a_file_is_named_by_its_path_and_its_origin_by_the_body(fleet: Fleet) -> None:
    agent = FakeAgent()
    await agent.serve(fleet)
    answer = await fleet.client.put(f"{PATH}/loras/sdxl/film%20grain.safetensors", json=BODY)
    listed = await fleet.client.get(PATH)

    assert (answer.status_code, answer.json()["phase"]) == (200, "waiting")
    [command] = agent.commands
    assert (command.folder, command.name) == ("loras", "sdxl/film grain.safetensors")
    assert command.origin.model_dump() == BODY
    assert listed.json() == {"transfers": [], "used_bytes": 7, "max_bytes": 100}


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("loras/%2e%2e/a", BODY),
        ("loras/..%2fa", BODY),
        ("loras/a%00b", BODY),
        ("loras/a%0ab", BODY),
        ("loras/.hidden", BODY),
        ("lo.ras/a", BODY),
        ("loras/a", BODY | {"url": "file:///etc/passwd"}),
        ("loras/a", {"url": "http://models.example/a"}),
        ("loras/a", BODY | {"sha256": "0"}),
        ("loras/a", BODY | {"more": 1}),
        ("loras/a", {}),
    ],
)
async def test_hostile_names_and_addresses_reach_no_agent(
    fleet: Fleet, path: str, body: dict[str, Any]
) -> None:
    agent = FakeAgent()
    await agent.serve(fleet)
    answer = await fleet.client.put(f"{PATH}/{path}", json=body)

    assert answer.status_code in {404, 422}, answer.text
    assert not agent.commands


async def test_unknown_nodes_and_agents_without_a_folder_are_named(fleet: Fleet) -> None:
    await FakeAgent().serve(fleet)
    unknown = [
        await fleet.client.put(f"/v1/nodes/{new_id()}/models/loras/a", json=BODY),
        await fleet.client.get(f"/v1/nodes/{new_id()}/models"),
    ]
    without = await fleet.client.put(f"{PATH}/vae/a", json=BODY)

    assert [answer.status_code for answer in unknown] == [404, 404]
    assert (without.status_code, without.json()["type"][-13:]) == (409, "no_models_dir")


async def test_a_node_that_no_agent_has_is_refused_at_once_with_a_remedy(fleet: Fleet) -> None:
    agent = FakeAgent()
    await agent.serve(fleet)
    node = f"/v1/nodes/{NODE_ID}"
    asked = [("GET", PATH), ("GET", f"{node}/queue"), ("GET", f"{node}/log")]
    unclaimed: dict[str, Any] = {"is_claimed": False, "pool": "b"}
    for state, remedy in (
        ({"is_enabled": False}, "enable it first"),
        ({}, "of pool b has claimed the node"),
        ({"machine": "box"}, "on machine box has claimed the node"),
    ):
        agent.node |= {"is_enabled": True, **unclaimed, **state}
        answers = [await fleet.client.request(*one) for one in asked]
        answers.append(await fleet.client.put(f"{PATH}/loras/a", json=BODY))
        for answer in answers:
            assert (answer.status_code, answer.json()["type"][-8:]) == (409, "no_agent")
            assert remedy in answer.json()["detail"]
    assert not agent.commands

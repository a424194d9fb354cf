"""An operator adds, shows, changes, drains and removes nodes over HTTP."""

from typing import Any
from uuid import UUID, uuid4

from contracts.access import UserCommand, UserQuery
from contracts.errors import ConflictError, NotFoundError
from contracts.message import Accepted
from contracts.node_log import LogView, ReadLog
from contracts.scheduler.node_requests import (
    AddNode,
    ChangeNode,
    DrainNode,
    FindNode,
    ListNodes,
    NodePage,
    RemoveNode,
    ResumeNode,
)
from contracts.scheduler.nodes import NodePhase, NodeView
from runtime.testing.servers import NatsServer

from .fleet import Fleet, a_fleet


class FakeNodes:
    """Keeps nodes as the scheduler does, without any rule."""

    def __init__(self) -> None:
        self.views: dict[UUID, NodeView] = {}
        self.changes: list[dict[str, Any]] = []
        self.keys: dict[str, UUID] = {}

    async def serve(self, fleet: Fleet) -> None:
        bus = fleet.scheduler.bus
        await bus.serve(AddNode, self.add)
        await bus.serve(ListNodes, self.list)
        await bus.serve(FindNode, self.find)
        await bus.serve(ChangeNode, self.change)
        await bus.serve(DrainNode, self.drain)
        await bus.serve(ResumeNode, self.find)
        await bus.serve(RemoveNode, self.remove)

    async def add(self, request: AddNode) -> NodeView:
        wanted = request.node.model_dump(exclude={"headers"})
        view = NodeView(id=request.node_id, phase=NodePhase.JOINING, **wanted)
        if key := request.idempotency:
            view = self.views.get(self.keys.setdefault(key.key, view.id), view)
        self.views[view.id] = view
        return view

    async def list(self, _: ListNodes) -> NodePage:
        return NodePage(items=list(self.views.values()))

    async def find(self, request: UserQuery[NodeView] | UserCommand[NodeView]) -> NodeView:
        assert isinstance(request, FindNode | ResumeNode | ChangeNode)
        if view := self.views.get(request.node_id):
            return view
        raise NotFoundError("there is no such node")

    async def change(self, request: ChangeNode) -> NodeView:
        self.changes.append(request.changes.model_dump(exclude_none=True))
        return await self.find(request)

    async def drain(self, _: DrainNode) -> NodeView:
        raise ConflictError("the node's row cannot be read", code="node_unreadable")

    async def remove(self, _: RemoveNode) -> Accepted:
        self.views.clear()
        return Accepted()


async def test_an_operator_adds_lists_changes_and_removes_a_node(nats: NatsServer) -> None:
    async with a_fleet(nats) as fleet:
        nodes, client = FakeNodes(), fleet.client
        await nodes.serve(fleet)
        secret = {"headers": {"Authorization": "secret"}}
        server = {"name": "a", "base_url": "http://10.0.0.7:8188"}
        added = await client.post("/v1/nodes", json={**server, **secret})
        path = f"/v1/nodes/{added.json()['id']}"
        listed, shown = await client.get("/v1/nodes"), await client.get(path)
        changes = {"name": "b", "is_enabled": False, "labels": {"rack": "7"}, **secret}
        changed = await client.patch(path, json={**changes, "pool": None})
        resumed, drained = await client.post(f"{path}/resume"), await client.post(f"{path}/drain")
        removed = await client.delete(path)

        assert added.status_code == 201
        assert listed.json()["items"] == [added.json()] == [shown.json()] == [resumed.json()]
        assert "secret" not in listed.text + shown.text + changed.text
        assert (changed.status_code, nodes.changes) == (200, [changes])
        assert (drained.status_code, drained.json()["type"][-15:]) == (409, "node_unreadable")
        assert removed.status_code == 204
        assert (await client.get(path)).status_code == 404


async def test_only_a_managed_node_has_a_log(nats: NatsServer) -> None:
    async with a_fleet(nats) as fleet:
        nodes, asked = FakeNodes(), list[int]()

        async def read(request: ReadLog) -> LogView:
            asked.append(request.line_count)
            return LogView(lines=["ready"])

        await nodes.serve(fleet)
        await fleet.agent.serve(ReadLog, read)
        added = await fleet.client.post("/v1/nodes", json={"name": "a", "base_url": "http://a:1"})
        node_id = UUID(added.json()["id"])
        path = f"/v1/nodes/{node_id}/log"
        none = await fleet.client.get(path)
        nodes.views[node_id].is_managed = True
        shown = await fleet.client.get(path, params={"lines": 7})
        usual = await fleet.client.get(path)
        too_many = await fleet.client.get(path, params={"lines": 1_001})
        unknown = await fleet.client.get(f"/v1/nodes/{uuid4()}/log")
        reader = await fleet.client.get(path, headers=fleet.headers(["nodes:read"]))

        assert (none.status_code, none.json()["type"][-6:]) == (404, "no_log")
        assert (shown.json(), usual.status_code, asked) == ({"lines": ["ready"]}, 200, [7, 100])
        assert (too_many.status_code, unknown.status_code) == (422, 404)
        assert unknown.json()["type"].endswith("not_found")
        assert reader.status_code == 403


async def test_each_wrong_field_of_a_node_is_named(nats: NatsServer) -> None:
    async with a_fleet(nats) as fleet:
        wrong = {"name": "", "base_url": "x", "priority": 10**30, "labels": {"a b": ""}, "gpu": 1}
        more = {"pool": "", "max_queue": 17, "is_draining": True}
        posted = await fleet.client.post("/v1/nodes", json=wrong)
        patched = await fleet.client.patch(f"/v1/nodes/{uuid4()}", json=wrong | more)

        def paths(answer: Any) -> set[str]:
            return {error["path"] for error in answer.json()["errors"]}

        assert paths(posted) == {"name", "base_url", "priority", "labels.a b", "gpu"}
        assert paths(patched) == paths(posted) | more.keys()


async def test_nodes_need_their_own_permissions(nats: NatsServer) -> None:
    async with a_fleet(nats) as fleet:
        path, client = f"/v1/nodes/{uuid4()}", fleet.client
        users, readers = fleet.headers(["jobs:run"]), fleet.headers(["nodes:read"])
        answers = [
            await client.get("/v1/nodes", headers=users),
            await client.get(path, headers=users),
            await client.patch(path, json={}, headers=readers),
            await client.post(f"{path}/drain", headers=readers),
            await client.post(f"{path}/resume", headers=readers),
            await client.delete(path, headers=readers),
        ]

        assert {answer.status_code for answer in answers} == {403}

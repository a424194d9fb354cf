"""Roles over HTTP, and what a role keeps its users from."""

from typing import Any
from uuid import uuid4

import pytest

from contracts.access import Reach
from contracts.auth.roles import (
    ChangeRole,
    CreatedRoleView,
    CreateRole,
    DeleteRole,
    FindRole,
    ListRoles,
    RolePage,
    RoleView,
)
from contracts.errors import ConflictError, NotFoundError
from contracts.message import Accepted
from contracts.registry.workflows import ModelFolder
from contracts.services import WORKFLOWS
from runtime.outbox.messages import put
from runtime.outbox.relay import publish
from runtime.testing.servers import NatsServer

from .fleet import Fleet, a_fleet, publish_workflow

BODY: dict[str, Any] = {"name": "shop", "permissions": ["jobs:run"], "workflows": ["shop-*"]}


class FakeRoles:
    """Keeps roles in memory."""

    def __init__(self) -> None:
        self.known: dict[str, RoleView] = {}
        self.keys: set[str] = set()

    async def serve(self, fleet: Fleet) -> None:
        await fleet.auth.serve(CreateRole, self.create)
        await fleet.auth.serve(ListRoles, self.list)
        await fleet.auth.serve(FindRole, self.find)
        await fleet.auth.serve(ChangeRole, self.change)
        await fleet.auth.serve(DeleteRole, self.delete)

    async def create(self, command: CreateRole) -> CreatedRoleView:
        key = command.idempotency.key if command.idempotency else ""
        if key in self.keys:
            return CreatedRoleView(role=self.known[command.role.name], is_replay=True)
        self.keys |= {key} - {""}
        view = RoleView(**command.role.model_dump(), is_built_in=False, user_count=0)
        self.known[view.name] = view
        return CreatedRoleView(role=view, is_replay=False)

    async def list(self, query: ListRoles) -> RolePage:
        assert query.actor
        return RolePage(items=list(self.known.values()))

    async def find(self, query: FindRole) -> RoleView:
        if query.name not in self.known:
            raise NotFoundError("there is no such role")
        return self.known[query.name]

    async def change(self, command: ChangeRole) -> RoleView:
        role = self.known[command.name]
        changes = {name: value for name, value in command.changes if value is not None}
        self.known[role.name] = role.model_copy(update=changes)
        return self.known[role.name]

    async def delete(self, command: DeleteRole) -> Accepted:
        if command.name == "user":
            raise ConflictError("it is built in", code="role_built_in")
        raise ConflictError("2 users have this role", code="role_in_use")


async def test_a_role_is_created_shown_and_changed(nats: NatsServer) -> None:
    async with a_fleet(nats) as fleet:
        await FakeRoles().serve(fleet)
        key = {"Idempotency-Key": "k"}
        made = await fleet.client.post("/v1/roles", json=BODY, headers=key)
        again = await fleet.client.post("/v1/roles", json=BODY, headers=key)
        path = made.headers["location"]
        changed = await fleet.client.patch(path, json={"models": ["loras/*"]})
        shown = await fleet.client.get(path)
        listed = await fleet.client.get("/v1/roles")
        in_use = await fleet.client.delete(path)
        built_in = await fleet.client.delete("/v1/roles/user")
        unknown = await fleet.client.get("/v1/roles/none")

    assert (made.status_code, path) == (201, "/v1/roles/shop")
    assert again.headers["idempotency-replayed"] == "true"
    assert made.json()["workflows"] == ["shop-*"]
    assert changed.json()["models"] == ["loras/*"]
    assert shown.json() == changed.json() == listed.json()["items"][0]
    assert (in_use.status_code, in_use.json()["detail"]) == (409, "2 users have this role")
    assert (built_in.status_code, unknown.status_code) == (409, 404)


@pytest.mark.parametrize(
    "changes",
    [
        {"name": "Shop"},
        {"permissions": ["all"]},
        {"workflows": [""]},
        {"workflows": ["x"] * 31},
        {"models": ["x" * 81]},
        {"limits": {"speed": 1}},
        {"is_built_in": True},
    ],
)
async def test_a_role_that_cannot_be_is_refused(nats: NatsServer, changes: dict[str, Any]) -> None:
    async with a_fleet(nats) as fleet:
        answer = await fleet.client.post("/v1/roles", json=BODY | changes)
    assert answer.status_code == 422


async def test_a_workflow_outside_the_role_is_as_if_it_did_not_exist(nats: NatsServer) -> None:
    async with a_fleet(nats) as fleet:
        user_id = uuid4()
        await fleet.has_new_user(user_id, reach=Reach(workflows=("sol*",)))
        fleet.client.headers["Authorization"] = f"Bearer {fleet.signer.token(user_id)}"
        listed = await fleet.client.get("/v1/workflows")
        paths = ("", "/schema", "/openapi.json", "/versions", "/versions/1", "/versions/1/diff")
        hidden = [await fleet.client.get(f"/v1/workflows/composite{path}") for path in paths]
        unknown = [await fleet.client.get(f"/v1/workflows/nowhere{path}") for path in paths[:3]]
        shown = await fleet.client.get("/v1/workflows/solid")
        job = await fleet.post_job({"workflow": "composite", "inputs": {}})
        batch = await fleet.client.post("/v1/batches", json={"workflow": "composite", "count": 1})
        allowed = await fleet.post_job({"workflow": "solid", "inputs": {}})
        changed = [
            await fleet.client.patch("/v1/workflows/composite", json={"is_enabled": False}),
            await fleet.client.delete("/v1/workflows/composite"),
            await fleet.client.post("/v1/workflows/composite/versions/1/activate"),
        ]

    assert [one["name"] for one in listed.json()["items"]] == ["solid"]
    assert {answer.status_code for answer in (*hidden, job, batch, *changed)} == {404}
    for one, other in zip(hidden, unknown, strict=False):
        same = [answer.json() | {"instance": "", "request_id": ""} for answer in (one, other)]
        assert str(same[0]).replace("composite", "nowhere") == str(same[1])
    assert (shown.status_code, allowed.status_code) == (200, 201)


SPEC = """
spec: comfyfleet/v1
name: enlarge
title: Enlarge
category: image
description: Enlarges an empty picture.
graph: enlarge.graph.json
inputs:
  model: {use: upscale_model, bind: [{node: "2", input: model_name}]}
outputs:
  images: {node: "4", kind: image}
"""
GRAPH = """{
  "1": {"class_type": "EmptyImage",
        "inputs": {"width": 64, "height": 64, "batch_size": 1, "color": 0}},
  "2": {"class_type": "UpscaleModelLoader", "inputs": {"model_name": "4x-a.pth"}},
  "3": {"class_type": "ImageUpscaleWithModel",
        "inputs": {"upscale_model": ["2", 0], "image": ["1", 0]}},
  "4": {"class_type": "SaveImage", "inputs": {"images": ["3", 0], "filename_prefix": "x"}}
}"""


async def test_a_model_outside_the_role_is_not_offered_and_not_used(nats: NatsServer) -> None:
    async with a_fleet(nats) as fleet:
        names = ["4x-a.pth", "8x-b.pth"]
        folder = ModelFolder(folder="upscale_models", page=0, names=names)
        await publish(fleet.registry, [put(WORKFLOWS, "models.upscale_models", folder)])
        await publish_workflow(fleet.registry, "enlarge", SPEC, GRAPH)
        user_id = uuid4()
        await fleet.has_new_user(user_id, reach=Reach(models=("upscale_models/4x*",)))
        fleet.client.headers["Authorization"] = f"Bearer {fleet.signer.token(user_id)}"
        jobs = [
            await fleet.post_job({"workflow": "enlarge", "inputs": {"model": name}})
            for name in names
        ]
        inputs = {"workflow": "enlarge", "items": [{"inputs": {"model": name}} for name in names]}
        batch = await fleet.client.post("/v1/batches", json=inputs)
        schema = (await fleet.client.get("/v1/workflows/enlarge/schema")).text

    assert [job.status_code for job in jobs] == [201, 403]
    for refused in (jobs[1], batch):
        assert refused.json()["type"] == "urn:comfyfleet:problem:model_not_allowed"
    assert "8x-b.pth" in jobs[1].json()["detail"]
    assert ("4x-a.pth" in schema, "8x-b.pth" in schema) == (True, False)

"""Nodes over HTTP: the ComfyUI servers of the fleet, for operators."""

from dataclasses import dataclass
from uuid import UUID

from fastapi import APIRouter, Request, Response

from contracts.access import Permission
from contracts.scheduler.nodes import AddNode, ListNodes, NewNode, NodeList, NodeView, RemoveNode
from contracts.values import new_id
from gateway.domain.links import body_digest
from gateway.domain.requests import NodeRequest
from gateway.ports import Owners
from gateway.routes.admission import Admission
from gateway.routes.answers import IDEMPOTENCY, json_answer, problems, reads, shows
from gateway.routes.reading import idempotency_key, read_json


@dataclass(frozen=True, slots=True)
class NodeRoutes:
    admission: Admission
    owners: Owners
    prefix: str
    secret: bytes

    def router(self) -> APIRouter:
        router = APIRouter(prefix="/v1/nodes", tags=["nodes"])
        router.add_api_route(
            "",
            self.list,
            summary="List nodes",
            responses={**shows(NodeList), **problems(401, 403, 503)},
        )
        router.add_api_route(
            "",
            self.add,
            methods=["POST"],
            status_code=201,
            summary="Add a ComfyUI server",
            responses={**shows(NodeView, 201), **problems(401, 403, 409, 413, 415, 422, 503)},
            openapi_extra=reads(NodeRequest) | {"parameters": [IDEMPOTENCY]},
        )
        router.add_api_route(
            "/{node_id}",
            self.remove,
            methods=["DELETE"],
            status_code=204,
            summary="Remove a node",
            description="What runs on it is run again elsewhere.",
            responses=problems(401, 403, 404, 422, 503),
        )
        return router

    async def list(self, request: Request) -> Response:
        actor = self.admission.admit(request, Permission.NODES_READ)
        return json_answer(await self.owners.call(ListNodes(actor=actor)))

    async def add(self, request: Request) -> Response:
        actor = self.admission.admit(request, Permission.NODES_WRITE)
        node, body = await read_json(request, NodeRequest)
        key = idempotency_key(request.headers, body_digest(self.secret, body))
        node_id = new_id()
        new = NewNode.model_validate(node.model_dump())
        command = AddNode(actor=actor, node_id=node_id, node=new, idempotency=key)
        view = await self.owners.call(command)
        headers = {"Location": f"{self.prefix}/v1/nodes/{view.id}"}
        if view.id != node_id:
            headers["Idempotency-Replayed"] = "true"
        return json_answer(view, 201, headers)

    async def remove(self, request: Request, node_id: UUID) -> Response:
        actor = self.admission.admit(request, Permission.NODES_WRITE)
        await self.owners.call(RemoveNode(actor=actor, node_id=node_id))
        return Response(status_code=204)

"""Sends the requests about nodes: find, add, change, drain, resume, and their logs."""

from typing import Any
from uuid import UUID, uuid4

from comfyfleet import CommandError
from comfyfleet.client.api import FleetClient
from contracts.node_log import LogView
from contracts.node_queue import NodeQueue
from contracts.scheduler.node_requests import CapabilityNames
from contracts.scheduler.nodes import NodeView


def find(client: FleetClient, name: str) -> NodeView:
    """Return the node of this id, name or address. Raises CommandError unless there is one."""
    try:
        return get(client, UUID(name))
    except ValueError:
        pass
    found = [node for node in client.nodes() if name in (node.name, node.base_url)]
    if len(found) == 1:
        return found[0]
    if not found:
        raise CommandError(f"There is no node {name!r}; `comfyfleet nodes` lists them.")
    ids = ", ".join(str(node.id) for node in found)
    raise CommandError(f"{len(found)} nodes are named {name!r}; give the id of one: {ids}")


def get(client: FleetClient, node_id: UUID) -> NodeView:
    return client.ask(NodeView, "GET", f"/v1/nodes/{node_id}")


def add(client: FleetClient, settings: dict[str, Any]) -> NodeView:
    headers = {"Idempotency-Key": str(uuid4())}
    return client.ask(NodeView, "POST", "/v1/nodes", json=settings, headers=headers)


def change(client: FleetClient, node_id: UUID, settings: dict[str, Any]) -> NodeView:
    return client.ask(NodeView, "PATCH", f"/v1/nodes/{node_id}", json=settings)


def log(client: FleetClient, node_id: UUID, lines: int) -> LogView:
    return client.ask(LogView, "GET", f"/v1/nodes/{node_id}/log?lines={lines}")


def queue(client: FleetClient, node_id: UUID) -> NodeQueue:
    return client.ask(NodeQueue, "GET", f"/v1/nodes/{node_id}/queue")


def drain(client: FleetClient, node_id: UUID) -> NodeView:
    return client.ask(NodeView, "POST", f"/v1/nodes/{node_id}/drain")


def resume(client: FleetClient, node_id: UUID) -> NodeView:
    return client.ask(NodeView, "POST", f"/v1/nodes/{node_id}/resume")


def capabilities(client: FleetClient, node_id: UUID) -> set[str]:
    """Return everything that the node can run: `class KSampler`, `loras/film.safetensors`."""
    found: set[str] = set()
    params: dict[str, str] = {}
    path = f"/v1/nodes/{node_id}/capabilities"
    while True:
        page = client.ask(CapabilityNames, "GET", path, params=params)
        found.update(f"class {name}" for name in page.classes)
        found.update(f"{model.folder}/{model.name}" for model in page.models)
        if page.next_cursor is None:
            return found
        params = {"cursor": page.next_cursor}

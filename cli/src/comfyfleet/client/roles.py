"""Sends the requests about roles."""

from typing import Any
from uuid import uuid4

from comfyfleet.client.api import FleetClient
from contracts.auth.roles import RolePage, RoleView


def every(client: FleetClient) -> list[RoleView]:
    return client.ask(RolePage, "GET", "/v1/roles").items


def find(client: FleetClient, name: str) -> RoleView:
    return client.ask(RoleView, "GET", f"/v1/roles/{name}")


def create(client: FleetClient, fields: dict[str, Any]) -> RoleView:
    headers = {"Idempotency-Key": str(uuid4())}
    return client.ask(RoleView, "POST", "/v1/roles", json=fields, headers=headers)


def change(client: FleetClient, name: str, changes: dict[str, Any]) -> RoleView:
    return client.ask(RoleView, "PATCH", f"/v1/roles/{name}", json=changes)


def delete(client: FleetClient, name: str) -> None:
    client.call("DELETE", f"/v1/roles/{name}")

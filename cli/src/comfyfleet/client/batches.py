"""Sends the requests of batches: submit, list, find, cancel."""

from typing import Any
from uuid import UUID, uuid4

from comfyfleet.client.api import FleetClient
from contracts.scheduler.batches import BatchPage, BatchView

SUBMIT_SECONDS = 60.0
"""The fleet checks up to a thousand items before it answers."""


def submit(
    client: FleetClient, workflow: str, inputs: dict[str, Any], jobs: dict[str, Any]
) -> BatchView:
    """Submit a batch; `jobs` is its `items`, `grid` or `count`."""
    return client.ask(
        BatchView,
        "POST",
        "/v1/batches",
        json={"workflow": workflow, "inputs": inputs, **jobs},
        headers={"Idempotency-Key": str(uuid4())},
        timeout=SUBMIT_SECONDS,
    )


def newest(client: FleetClient, limit: int) -> list[BatchView]:
    return client.ask(BatchPage, "GET", "/v1/batches", params={"limit": limit}).items


def find(client: FleetClient, batch_id: UUID) -> BatchView:
    return client.ask(BatchView, "GET", f"/v1/batches/{batch_id}")


def cancel(client: FleetClient, batch_id: UUID) -> BatchView:
    return client.ask(BatchView, "POST", f"/v1/batches/{batch_id}/cancel", timeout=SUBMIT_SECONDS)

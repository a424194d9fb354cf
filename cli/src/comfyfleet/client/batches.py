"""Sends the requests of batches: submit, list, find, cancel."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from comfyfleet.client.api import FleetClient
from comfyfleet.client.submission import JobOptions
from contracts.scheduler.batches import BatchPage, BatchView

SUBMIT_SECONDS = 60.0
"""The fleet checks up to a thousand items before it answers."""


def submit(client: FleetClient, batch: Mapping[str, Any], options: JobOptions) -> BatchView:
    """Submit a batch: workflow, shared inputs, and one of `items`, `grid` and `count`."""
    return client.ask(
        BatchView,
        "POST",
        "/v1/batches",
        json={**batch, **options.fields},
        headers=options.headers(),
        timeout=SUBMIT_SECONDS,
    )


def newest(client: FleetClient, limit: int) -> list[BatchView]:
    return client.ask(BatchPage, "GET", "/v1/batches", params={"limit": limit}).items


def find(client: FleetClient, batch_id: UUID) -> BatchView:
    return client.ask(BatchView, "GET", f"/v1/batches/{batch_id}")


def cancel(client: FleetClient, batch_id: UUID) -> BatchView:
    return client.ask(BatchView, "POST", f"/v1/batches/{batch_id}/cancel", timeout=SUBMIT_SECONDS)

"""Sends the requests about jobs that have been submitted: list, show, change, delete, run again."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID, uuid4

from pydantic import BaseModel

from comfyfleet.client.api import FleetClient
from contracts.scheduler.explanations import JobExplanation
from contracts.scheduler.jobs import JobPage, JobStatus, JobSummary, JobView

NODES_AT_ONCE = 200


def find(
    client: FleetClient,
    *,
    limit: int,
    status: Sequence[JobStatus] | None = None,
    workflow: str | None = None,
    label: str | None = None,
    batch_id: UUID | None = None,
) -> list[JobSummary]:
    """Return the newest jobs that match all filters; several pages of them if they are large."""
    wanted: dict[str, Any] = {"status": status, "workflow": workflow, "label": label}
    wanted["batch_id"] = batch_id and str(batch_id)
    params = {name: value for name, value in wanted.items() if value}
    found: list[JobSummary] = []
    while len(found) < limit:
        params["limit"] = limit - len(found)
        page = client.ask(JobPage, "GET", "/v1/jobs", params=params)
        found += page.items
        if page.next_cursor is None:
            break
        params["cursor"] = page.next_cursor
    return found


def change(client: FleetClient, job_id: UUID, changes: Mapping[str, Any]) -> JobView:
    return client.ask(JobView, "PATCH", f"/v1/jobs/{job_id}", json=changes)


def delete(client: FleetClient, job_id: UUID) -> None:
    client.call("DELETE", f"/v1/jobs/{job_id}")


class JobGraph(BaseModel):
    graph: dict[str, Any]


def graph(client: FleetClient, job_id: UUID) -> dict[str, Any]:
    return client.ask(JobGraph, "GET", f"/v1/jobs/{job_id}/graph").graph


def explain(client: FleetClient, job_id: UUID) -> JobExplanation:
    """Return why the job waits, with all nodes that the account may see."""
    path, params = f"/v1/jobs/{job_id}/explain", {"limit": NODES_AT_ONCE}
    found = page = client.ask(JobExplanation, "GET", path, params=params)
    while page.next_cursor:
        more = {**params, "cursor": str(page.next_cursor)}
        page = client.ask(JobExplanation, "GET", path, params=more)
        found.nodes += page.nodes
    return found.model_copy(update={"next_cursor": None})


def submit_graph(client: FleetClient, graph: dict[str, Any]) -> JobView:
    """Run a graph without a workflow."""
    headers = {"Idempotency-Key": str(uuid4())}
    return client.ask(JobView, "POST", "/v1/jobs", json={"graph": graph}, headers=headers)


def retry(client: FleetClient, job_id: UUID) -> JobView:
    """Run an ended job again; the answer is the new job."""
    headers = {"Idempotency-Key": str(uuid4())}
    return client.ask(JobView, "POST", f"/v1/jobs/{job_id}/retry", headers=headers)

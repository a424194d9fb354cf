"""Sends the requests about jobs that have been submitted: list, show, change, delete, run again."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from pydantic import BaseModel

from comfyfleet.client.api import FleetClient
from comfyfleet.client.submission import NO_OPTIONS, JobOptions
from contracts.scheduler.explanations import JobExplanation
from contracts.scheduler.jobs import JobPage, JobSummary, JobView

NODES_AT_ONCE = 200


def find(client: FleetClient, *, limit: int, **filters: Any) -> list[JobSummary]:
    """Return the newest jobs that match all filters; several pages of them if they are large."""
    params = {name: value for name, value in filters.items() if value}
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


def submit(
    client: FleetClient, what: Mapping[str, Any], options: JobOptions = NO_OPTIONS
) -> JobView:
    """Run a workflow with its inputs, or a graph; `what` has the fields that name it."""
    body, headers = {**what, **options.fields}, options.headers()
    return client.ask(JobView, "POST", "/v1/jobs", json=body, headers=headers)


def retry(client: FleetClient, job_id: UUID, options: JobOptions = NO_OPTIONS) -> JobView:
    """Run an ended job again; the answer is the new job. The options' fields are parameters."""
    path, params, headers = f"/v1/jobs/{job_id}/retry", options.fields, options.headers()
    return client.ask(JobView, "POST", path, params=params, headers=headers)

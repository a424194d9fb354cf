"""Everything that a caller does with a job that was submitted, over HTTP and by the command."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from comfyfleet.testing import LocalFleet

from .test_jobs import finish, frames, submit
from .test_workflows import until

PROBLEM = "urn:comfyfleet:problem:"


@pytest.fixture
def standstill(api: httpx.Client) -> Iterator[None]:
    """While the only node drains, no job starts, however slow the machine is."""
    [node] = api.get("/v1/nodes").json()["items"]
    assert api.post(f"/v1/nodes/{node['id']}/drain").status_code == 200
    yield
    assert api.post(f"/v1/nodes/{node['id']}/resume").status_code == 200


@pytest.mark.usefixtures("standstill")
def test_a_canceled_job_runs_again_by_api_and_command(fleet: LocalFleet, api: httpx.Client) -> None:
    job = submit(api, "txt2img", prompt="a red door")
    waiting = api.post(job["links"]["retry"])
    assert api.post(job["links"]["cancel"]).status_code == 200

    again = api.post(job["links"]["retry"])
    by_command = fleet.run("jobs", "retry", job["id"]).strip()
    listed = fleet.run("jobs", "list", "--status", "canceled", "--workflow", "txt2img", "-n", "200")
    for job_id in (again.json()["id"], by_command):
        fleet.run("jobs", "cancel", job_id)

    assert (waiting.status_code, waiting.json()["type"]) == (409, f"{PROBLEM}job_not_over")
    assert (again.status_code, again.json()["retry_of"]) == (201, job["id"])
    assert (again.json()["inputs"], again.json()["seed"]) == (job["inputs"], job["seed"])
    assert job["id"] in listed


@pytest.mark.usefixtures("standstill")
def test_a_job_whose_deadline_passes_says_so_and_for_what_it_waited(api: httpx.Client) -> None:
    deadline = datetime.now(UTC) + timedelta(seconds=2)
    body = {"workflow": "solid", "deadline": deadline.isoformat()}
    job = api.post("/v1/jobs", json=body).json()
    with api.stream("GET", job["links"]["events"], headers={"Last-Event-ID": "1"}) as response:
        told = [name for name, _, _ in frames(response)]
    over = api.get(job["links"]["self"]).json()

    assert told[-1] == "job.expired"
    assert (over["status"], over["error"]["code"]) == ("expired", "deadline_passed")
    assert "it waited: no server that can run it is in service" in over["error"]["message"]


def test_a_completed_job_is_not_run_again(api: httpx.Client) -> None:
    completed = api.post(finish(api, "solid")["links"]["retry"])
    assert (completed.status_code, completed.json()["type"]) == (409, f"{PROBLEM}job_completed")


@pytest.mark.usefixtures("standstill")
def test_priority_and_labels_of_a_waiting_job_change(fleet: LocalFleet, api: httpx.Client) -> None:
    job = submit(api, "txt2img", prompt="later")
    path = job["links"]["self"]
    changed = api.patch(path, json={"priority": "background", "labels": {"a": "b"}})
    late = api.patch(path, json={"priority": "urgent"})
    said = fleet.run("jobs", "set", job["id"], "--label", "c=d")
    found = api.get("/v1/jobs", params={"label": "c=d"}).json()["items"]
    api.post(job["links"]["cancel"])
    with api.stream("GET", job["links"]["events"], headers={"Last-Event-ID": "1"}) as response:
        told = [(name, data.get("priority")) for name, _, data in frames(response)][1:3]
    over = api.patch(path, json={"labels": {}})

    assert (changed.status_code, changed.json()["labels"]) == (200, {"a": "b"})
    assert (late.status_code, said.split()[1]) == (422, "background")
    assert [one["id"] for one in found] == [job["id"]]
    assert told == [("job.prioritized", "background"), ("job.labeled", None)]
    assert (over.status_code, over.json()["type"]) == (409, f"{PROBLEM}job_over")


def test_an_ended_job_is_deleted_with_its_results(fleet: LocalFleet, api: httpx.Client) -> None:
    job, kept = finish(api, "solid", width=64), finish(api, "solid")
    graph = api.get(f"{job['links']['self']}/graph").json()["graph"]
    assert json.loads(fleet.run("jobs", "graph", job["id"])) == graph
    assert [node["inputs"]["width"] for node in graph.values() if "width" in node["inputs"]] == [64]
    media = [f"/v1/media/{one['outputs'][0]['media_id']}" for one in (job, kept)]
    path = job["links"]["self"]
    statuses = [api.delete(path).status_code, api.get(path).status_code]
    fleet.run("jobs", "delete", job["id"])  # a repetition succeeds

    until(lambda: api.get(media[0]).status_code == 404)
    assert statuses == [204, 404]
    assert (api.get(media[1]).status_code, api.get(kept["links"]["self"]).status_code) == (200, 200)

"""Everything that a caller does with a job that was submitted, over HTTP and by the command."""

import httpx

from comfyfleet.testing import LocalFleet

from .test_jobs import finish, submit

PROBLEM = "urn:comfyfleet:problem:"


def test_a_canceled_job_runs_again_by_api_and_command(fleet: LocalFleet, api: httpx.Client) -> None:
    job = submit(api, "txt2img", prompt="long", steps=150)
    running = api.post(job["links"]["retry"])
    assert api.post(job["links"]["cancel"]).status_code == 200
    with api.stream("GET", job["links"]["events"]) as response:
        response.read()

    again = api.post(job["links"]["retry"])
    by_command = fleet.run("jobs", "retry", job["id"]).strip()
    listed = fleet.run("jobs", "list", "--status", "canceled", "--workflow", "txt2img", "-n", "200")
    for job_id in (again.json()["id"], by_command):
        fleet.run("jobs", "cancel", job_id)

    assert (running.status_code, running.json()["type"]) == (409, f"{PROBLEM}job_not_over")
    assert (again.status_code, again.json()["retry_of"]) == (201, job["id"])
    assert (again.json()["inputs"], again.json()["seed"]) == (job["inputs"], job["seed"])
    assert job["id"] in listed
    completed = api.post(finish(api, "solid")["links"]["retry"])
    assert (completed.status_code, completed.json()["type"]) == (409, f"{PROBLEM}job_completed")

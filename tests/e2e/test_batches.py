"""A batch as a caller sees it: submit, watch all jobs, cancel."""

import httpx

from .test_jobs import frames


def test_a_grid_is_made_whole_and_one_stream_tells_all_of_it(api: httpx.Client) -> None:
    colors = [0xFF0000, 0x00FF00, 0x0000FF]
    body = {"workflow": "solid", "inputs": {"width": 32, "height": 32}, "grid": {"color": colors}}
    made = api.post("/v1/batches", json=body)
    assert made.status_code == 201, made.text
    batch = made.json()

    with api.stream("GET", batch["links"]["events"]) as stream:
        told = list(frames(stream))

    *_, (name, last_id, over) = told
    jobs = {data["id"]: data for event, _, data in told if event == "job.completed"}
    shown = [data for event, _, data in told if event == "job.snapshot"]
    jobs |= {data["id"]: data for data in shown if data["status"] == "completed"}
    assert name == "batch.finished"
    assert (over["fraction"], over["job_count_by_status"]["completed"]) == (1.0, 3)
    assert jobs.keys() == {*batch["job_ids"]}
    assert all(len(job["outputs"]) == 1 for job in jobs.values())
    asked = [api.get(f"/v1/jobs/{job_id}").json() for job_id in batch["job_ids"]]
    assert [job["inputs"]["color"] for job in asked] == colors
    back = api.get(batch["links"]["events"], headers={"Last-Event-ID": str(last_id)})
    assert back.status_code == 204


def test_a_canceled_batch_leaves_nothing_waiting(api: httpx.Client) -> None:
    grid = {"color": list(range(100)), "width": [32, 64]}
    batch = api.post("/v1/batches", json={"workflow": "solid", "grid": grid}).json()
    assert api.post(batch["links"]["cancel"]).status_code == 200

    with api.stream("GET", batch["links"]["events"]) as stream:
        *_, (name, _, over) = frames(stream)

    counts = over["job_count_by_status"]
    assert name == "batch.finished"
    assert counts["canceled"] + counts["completed"] == 200
    assert counts["canceled"] > 0

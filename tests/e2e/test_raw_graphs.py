"""Graphs without a workflow, from the API and the command line to the picture."""

from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
from PIL import Image

from comfyfleet.testing import LocalFleet

from .test_jobs import a_picture, picture_of, upload

PROBLEM = "urn:comfyfleet:problem:"


def a_graph(image: Any, width: int = 24) -> dict[str, Any]:
    scale = {"image": ["10", 0], "upscale_method": "nearest-exact", "crop": "disabled"}
    return {
        "10": {"class_type": "LoadImage", "inputs": {"image": image}},
        "2": {"class_type": "ImageScale", "inputs": {**scale, "width": width, "height": 16}},
        "3": {"class_type": "SaveImage", "inputs": {"images": ["2", 0], "filename_prefix": "x"}},
    }


def run(api: httpx.Client, graph: dict[str, Any], **headers: str) -> httpx.Response:
    return api.post("/v1/jobs", json={"graph": graph}, headers={"Prefer": "wait=50", **headers})


def test_a_graph_runs_with_the_callers_picture(api: httpx.Client) -> None:
    first, second = upload(api, a_picture()), upload(api, a_picture(color="red"))
    answer = run(api, a_graph({"media": first}))
    job = answer.json()
    assert (answer.status_code, job["status"]) == (201, "completed"), answer.text
    assert picture_of(api, job).size == (24, 16)

    other = run(api, a_graph({"media": second})).json()
    assert other["workflow"] == job["workflow"]
    assert other["workflow"].startswith("graph@")
    found = api.get("/v1/jobs", params={"workflow": job["workflow"]}).json()["items"]
    assert [one["id"] for one in found] == [other["id"], job["id"]]
    assert job["id"] in {
        one["id"] for one in api.get("/v1/jobs", params={"workflow": "graph"}).json()["items"]
    }
    shown = api.get(f"{job['links']['self']}/graph").json()["graph"]
    assert shown == a_graph(first)


def test_a_repeated_graph_gets_its_first_job(api: httpx.Client) -> None:
    media_id = upload(api, a_picture())
    key = {"Idempotency-Key": str(uuid4())}
    first = run(api, a_graph({"media": media_id}), **key)
    api.delete(f"/v1/media/{media_id}")
    again = run(api, a_graph({"media": media_id}), **key)
    new = run(api, a_graph({"media": media_id}))

    assert (first.status_code, again.json()["id"]) == (201, first.json()["id"])
    assert (new.status_code, new.json()["type"]) == (422, f"{PROBLEM}invalid_inputs")


def test_a_file_of_a_server_is_refused(api: httpx.Client) -> None:
    answer = run(api, a_graph("theirs.png"))

    [error] = answer.json()["errors"]
    assert (answer.status_code, error["path"]) == (422, "graph.10.inputs.image")


def test_the_command_runs_a_graph(fleet: LocalFleet, tmp_path: Path) -> None:
    graph, photo = tmp_path / "graph.json", tmp_path / "photo.png"
    graph.write_text(httpx.Response(200, json=a_graph("photo.png")).text)
    photo.write_bytes(a_picture())
    words = [f"10.image=@{photo}", "2.width=40"]
    said = fleet.run("run", "--graph", str(graph), *words, "--out", str(tmp_path)).split()

    with Image.open(said[-1]) as picture:
        assert picture.size == (40, 16)
    assert Path(said[-1]).name.startswith("graph-images-")

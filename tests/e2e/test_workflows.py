"""Workflows from a graph to a picture: upload, draft, coverage, activate, run, delete."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx

from runtime.testing.ports import eventually
from workflows import WorkflowVersion
from workflows.docs.pages import load_folder

from .test_jobs import finish, picture_of

SHIPPED = load_folder(Path(__file__).parents[2] / "workflows")
GRAPH: dict[str, Any] = {
    "1": {
        "class_type": "EmptyImage",
        "inputs": {"width": 64, "height": 64, "batch_size": 1, "color": 255},
    },
    "2": {"class_type": "SaveImage", "inputs": {"images": ["1", 0], "filename_prefix": "x"}},
}
SPEC = """
spec: comfyfleet/v1
name: {name}
inputs:
  width: {{use: width, default: 64, bind: [{{node: "1", input: width}}]}}
outputs: {{images: {{node: "2", kind: image}}}}
"""


def push(
    api: httpx.Client, name: str, graph: dict[str, Any] = GRAPH, **form: str
) -> httpx.Response:
    files = {"spec": ("a.yaml", SPEC.format(name=name)), "graph": ("a.json", json.dumps(graph))}
    return api.post("/v1/workflows", files=files, data=form)


def until(condition: Callable[[], bool]) -> None:
    """Look a few times a second: more would run into the rate limit."""

    async def look() -> bool:
        await asyncio.sleep(0.2)
        return condition()

    asyncio.run(eventually(look, within=20))


def runnable(api: httpx.Client, name: str, wanted: bool) -> None:
    until(lambda: api.get(f"/v1/workflows/{name}").json()["is_runnable"] is wanted)


def classes_of_packages(version: WorkflowVersion) -> set[str]:
    return {*version.spec.requires.classes}


def test_the_preview_engine_runs_each_shipped_workflow_but_for_custom_nodes(
    api: httpx.Client,
) -> None:
    """The missing classes are named: the engine never pretends to have what others bring."""

    custom = {name: classes_of_packages(version) for name, version in SHIPPED.items()}

    def shown() -> dict[str, bool | None]:
        items = api.get("/v1/workflows").json()["items"]
        return {item["name"]: item["is_runnable"] for item in items if item["name"] in custom}

    until(lambda: shown() == {name: not classes for name, classes in custom.items()})
    for name in (name for name, classes in custom.items() if classes):
        [node] = api.get(f"/v1/workflows/{name}/coverage").json()["nodes"]
        lacking = {entry["name"] for entry in node["unmet"] if entry["kind"] == "class"}
        assert lacking == custom[name]


def test_an_uploaded_workflow_runs_once_it_is_active(api: httpx.Client) -> None:
    draft = push(api, "mine")
    assert draft.status_code == 201, draft.text
    refused = api.post("/v1/jobs", json={"workflow": "mine"})
    active = api.post("/v1/workflows/mine/versions/1/activate")
    runnable(api, "mine", True)

    job = finish(api, "mine", width=96)

    assert (draft.json()["is_active"], refused.status_code) == (False, 404)
    assert active.json()["active_version"] == 1
    assert picture_of(api, job).size == (96, 64)

    assert api.delete("/v1/workflows/mine").status_code == 204
    assert api.post("/v1/jobs", json={"workflow": "mine@1"}).status_code == 404
    assert "mine" not in [item["name"] for item in api.get("/v1/workflows").json()["items"]]
    assert api.get("/v1/workflows/mine/versions/1").json()["graph"] == GRAPH
    assert api.get(f"/v1/jobs/{job['id']}").json()["workflow"] == "mine@1"


def test_what_no_node_can_run_says_so_before_it_is_submitted(api: httpx.Client) -> None:
    graph = json.loads(json.dumps(GRAPH).replace("EmptyImage", "NowhereToBeFound"))
    view = push(api, "lost", graph, activate="true").json()
    runnable(api, "lost", False)

    coverage = api.get("/v1/workflows/lost/coverage").json()
    job = api.post("/v1/jobs", json={"workflow": "lost"}).json()
    refused = api.post("/v1/jobs", json={"workflow": "lost", "if_unrunnable": "refuse"})

    [node] = coverage["nodes"]
    assert view["coverage"]["is_runnable"] is False
    assert [(m["kind"], m["name"]) for m in node["unmet"]] == [("class", "NowhereToBeFound")]
    assert (job["is_runnable"], [entry["name"] for entry in job["unmet"]]) == (
        False,
        ["NowhereToBeFound"],
    )
    assert (refused.status_code, refused.json()["errors"][0]["code"]) == (409, "unmet")
    api.post(f"/v1/jobs/{job['id']}/cancel")


def test_a_job_that_chooses_what_no_node_offers_waits_and_says_where(api: httpx.Client) -> None:
    graph: dict[str, Any] = {**GRAPH, "3": {"class_type": "ImageScale", "inputs": SCALE}}
    graph["2"] = {"class_type": "SaveImage", "inputs": {"images": ["3", 0], "filename_prefix": "x"}}
    spec = SPEC.format(name="scaled").replace("outputs", f"{METHOD}outputs")
    pushed = api.post("/v1/workflows", json={"spec": spec, "graph": graph, "activate": True})
    assert pushed.status_code == 201, pushed.text
    jobs: list[dict[str, Any]] = []

    def is_told() -> bool:
        body = {"workflow": "scaled", "inputs": {"method": "magic"}}
        jobs.append(api.post("/v1/jobs", json=body).json())
        return not jobs[-1]["is_runnable"]

    until(is_told)
    shown = api.get(f"/v1/jobs/{jobs[-1]['id']}").json()
    api.post(f"/v1/jobs/{jobs[-1]['id']}/cancel")

    [unmet] = jobs[-1]["unmet"]
    assert (unmet["kind"], unmet["field"], unmet["value"]) == ("choice", "inputs.method", "magic")
    assert (shown["status"], shown["unmet"]) == ("queued", [unmet])
    assert picture_of(api, finish(api, "scaled", method="bilinear")).size == (32, 32)


SCALE = {
    "image": ["1", 0],
    "upscale_method": "lanczos",
    "width": 32,
    "height": 32,
    "crop": "disabled",
}
METHOD = '  method: {type: string, default: lanczos, bind: [{node: "3", input: upscale_method}]}\n'


def test_the_form_lists_the_models_that_the_fleet_has(api: httpx.Client) -> None:
    runnable(api, "solid", True)

    schema = api.get("/v1/workflows/txt2img/schema").json()

    assert schema["properties"]["model"]["x-comfyfleet-choices"]


def test_a_graph_gets_a_draft_that_can_be_pushed(api: httpx.Client) -> None:
    draft = api.post("/v1/workflows/propose", json={"name": "drafted", "graph": GRAPH}).json()
    pushed = api.post("/v1/workflows", json={"spec": draft["spec"], "graph": draft["graph"]})

    assert draft["spec"]["inputs"]["width"]["maximum"] >= 64
    assert pushed.status_code == 201, pushed.text


def test_what_comes_from_the_folder_is_not_changed_here(api: httpx.Client) -> None:
    assert push(api, "solid").status_code == 409
    assert api.patch("/v1/workflows/solid", json={"category": "video"}).status_code == 409


def test_what_comes_from_the_folder_can_be_switched_off(api: httpx.Client) -> None:
    off = api.patch("/v1/workflows/solid", json={"is_enabled": False})
    refused = api.post("/v1/jobs", json={"workflow": "solid@1"})
    on = api.patch("/v1/workflows/solid", json={"is_enabled": True})

    assert (off.json()["is_active"], refused.status_code, on.json()["is_active"]) == (
        False,
        404,
        True,
    )
    assert refused.json()["type"] == "urn:comfyfleet:problem:switched_off"


def test_a_dry_run_compares_with_what_the_fleet_has(api: httpx.Client) -> None:
    files = {"spec": ("a.yaml", SPEC.format(name="solid")), "graph": ("a", json.dumps(GRAPH))}

    view = api.post("/v1/workflows/validate", files=files).json()

    assert "graph.1.inputs.color" in [change["path"] for change in view["differences"]]

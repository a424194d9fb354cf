"""Pictures of a workflow from the editor open there, with its layout and the run's values."""

import io
import json
from typing import Any

import httpx
import pytest
from PIL import Image

from workflows.convert import to_api

pytestmark = [pytest.mark.comfyui, pytest.mark.timeout(300)]
BLUR, SAVE = 2, 3


def a_node(id_: int, class_: str, values: list[Any], **more: Any) -> dict[str, Any]:
    place: dict[str, Any] = {
        "pos": [100 * id_, 40],
        "size": [210, 90],
        "flags": {},
        "order": id_,
        "mode": 0,
    }
    return {"id": id_, "type": class_, "widgets_values": values, **place, **more}


def a_file() -> dict[str, Any]:
    """Return a small file as the editor saves it, with a group and a note."""
    empty = a_node(1, "EmptyImage", [64, 48, 1, 0], outputs=[{"type": "IMAGE", "links": [1]}])
    blur = a_node(
        BLUR, "ImageBlur", [3, 1.0], inputs=[{"name": "image", "type": "IMAGE", "link": 1}]
    )
    blur["outputs"] = [{"type": "IMAGE", "links": [2]}]
    save = a_node(
        SAVE, "SaveImage", ["mine"], inputs=[{"name": "images", "type": "IMAGE", "link": 2}]
    )
    return {
        "version": 0.4,
        "last_node_id": 4,
        "last_link_id": 2,
        "nodes": [empty, blur, save, a_node(4, "Note", ["By hand."])],
        "links": [[1, 1, 0, BLUR, 0, "IMAGE"], [2, BLUR, 0, SAVE, 0, "IMAGE"]],
        "groups": [{"title": "All", "bounding": [0, 0, 900, 300]}],
        "extra": {"ds": {"scale": 1.5, "offset": [10, 20]}},
    }


def a_spec(name: str, metadata: str) -> dict[str, Any]:
    radius = {
        "type": "integer",
        "bind": [{"node": "2", "input": "blur_radius"}],
        "when_absent": {"bypass": "2", "through": ["image"]},
    }
    width = {"type": "integer", "default": 64, "bind": [{"node": "1", "input": "width"}]}
    return {
        "spec": "comfyfleet/v1",
        "name": name,
        "title": name,
        "category": "image",
        "metadata": metadata,
        "inputs": {"width": width, "radius": radius},
        "outputs": {"images": {"node": f"{SAVE}", "kind": "image"}},
    }


def texts_of(api: httpx.Client, name: str, metadata: str, inputs: dict[str, Any]) -> dict[str, str]:
    """Run the file as a workflow; return the texts in its picture."""
    sent = {"graph": a_file(), "spec": a_spec(name, metadata), "activate": True}
    answer = api.post("/v1/workflows", json=sent)
    assert answer.is_success, answer.text
    body = {"workflow": name, "inputs": inputs}
    job = api.post("/v1/jobs", json=body, headers={"Prefer": "wait=120"}).json()
    assert job["status"] == "completed", job
    [output] = job["outputs"]
    picture = Image.open(io.BytesIO(api.get(output["url"]).content))
    return {f"{name}": text for name, text in picture.info.items() if isinstance(text, str)}


def test_a_picture_holds_the_editors_file_with_the_values_of_the_run(
    api: httpx.Client, servers: list[str]
) -> None:
    texts = texts_of(api, "layout", "keep", {"width": 80, "radius": 5})

    opened, prompt = json.loads(texts["workflow"]), json.loads(texts["prompt"])
    wanted = a_file()
    wanted["nodes"][0]["widgets_values"][0] = 80
    wanted["nodes"][1]["widgets_values"][0] = 5
    assert opened == wanted
    graph = to_api(opened, httpx.get(f"{servers[0]}/object_info", timeout=60).json())
    assert graph["1"]["inputs"] == prompt["1"]["inputs"]
    assert graph["2"]["inputs"] == prompt["2"]["inputs"]


def test_a_part_that_the_run_left_out_is_bypassed_in_the_editor(api: httpx.Client) -> None:
    texts = texts_of(api, "layout", "keep", {})

    modes = {node["id"]: node["mode"] for node in json.loads(texts["workflow"])["nodes"]}
    assert modes == {1: 0, BLUR: 4, SAVE: 0, 4: 0}


def test_nobody_gets_the_layout_who_does_not_get_the_graph(api: httpx.Client) -> None:
    assert texts_of(api, "layout_hidden", "strip", {}) == {}


def test_the_editors_file_is_with_the_graph_of_its_version(api: httpx.Client) -> None:
    texts_of(api, "layout", "keep", {})

    version = api.get("/v1/workflows/layout").json()["version"]
    content = api.get(f"/v1/workflows/layout/versions/{version}").json()
    assert content["editor_file"] == a_file()

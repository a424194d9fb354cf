"""Graphs without a workflow on real servers: posted as programs and the editor write them."""

import io
from typing import Any

import httpx
import pytest
from PIL import Image

from .test_layouts import a_file

pytestmark = [pytest.mark.comfyui, pytest.mark.timeout(300)]


def run(api: httpx.Client, graph: dict[str, Any]) -> dict[str, Any]:
    answer = api.post("/v1/jobs", json={"graph": graph}, headers={"Prefer": "wait=120"})
    assert answer.status_code == 201, answer.text
    return answer.json()


def picture_of(api: httpx.Client, job: dict[str, Any]) -> Image.Image:
    assert job["status"] == "completed", job
    [output] = job["outputs"]
    return Image.open(io.BytesIO(api.get(output["url"]).content))


def test_a_program_inverts_a_picture(api: httpx.Client) -> None:
    file = io.BytesIO()
    Image.new("RGB", (32, 16), (255, 0, 0)).save(file, "PNG")
    sent = {"file": ("red.png", file.getvalue())}
    media_id = api.post("/v1/media", data={"kind": "image"}, files=sent).json()["id"]
    graph: dict[str, Any] = {
        "1": {"class_type": "LoadImage", "inputs": {"image": {"media": media_id}}},
        "2": {"class_type": "ImageInvert", "inputs": {"image": ["1", 0]}},
        "3": {"class_type": "SaveImage", "inputs": {"images": ["2", 0], "filename_prefix": "x"}},
    }

    picture = picture_of(api, run(api, graph))

    assert (picture.size, picture.convert("RGB").getpixel((5, 5))) == ((32, 16), (0, 255, 255))


def test_a_file_of_the_editor_runs_and_opens_again(api: httpx.Client) -> None:
    picture = picture_of(api, run(api, a_file()))

    assert picture.size == (64, 48)
    assert {"prompt", "workflow"} <= picture.info.keys()


def test_a_graph_that_the_server_refuses_says_where(api: httpx.Client) -> None:
    scale = {"image": ["1", 0], "upscale_method": "by magic", "width": 8, "height": 8}
    graph: dict[str, Any] = {
        "1": {"class_type": "EmptyImage", "inputs": dict.fromkeys(("width", "height"), 8)},
        "2": {"class_type": "ImageScale", "inputs": {**scale, "crop": "disabled"}},
        "3": {"class_type": "SaveImage", "inputs": {"images": ["2", 0], "filename_prefix": "x"}},
    }
    graph["1"]["inputs"] |= {"batch_size": 1, "color": 0}

    body = {"graph": graph, "if_unrunnable": "refuse"}
    answer = api.post("/v1/jobs", json=body, headers={"Prefer": "wait=120"})

    assert "by magic" in answer.text or "upscale_method" in answer.text, answer.text

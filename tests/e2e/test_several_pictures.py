"""One input that takes two or three pictures, on the preview engine."""

import json
from typing import Any

import httpx

from .test_jobs import a_picture, upload
from .test_workflows import runnable

GRAPH: dict[str, Any] = {
    **{n: {"class_type": "LoadImage", "inputs": {"image": "x.png"}} for n in "123"},
    "4": {"class_type": "ImageBatch", "inputs": {"image1": ["1", 0], "image2": ["2", 0]}},
    "5": {"class_type": "ImageBatch", "inputs": {"image1": ["4", 0], "image2": ["3", 0]}},
    "6": {"class_type": "SaveImage", "inputs": {"images": ["5", 0], "filename_prefix": "x"}},
}
SPEC = """
spec: comfyfleet/v1
name: row
inputs:
  pictures:
    type: list<image>
    required: true
    min_items: 2
    bind:
      - {node: "1", input: image}
      - {node: "2", input: image}
      - {node: "3", input: image, when_absent: {bypass: "5", through: [image1]}}
outputs: {images: {node: "6", kind: image}}
"""


def test_two_or_three_pictures_are_put_together(api: httpx.Client) -> None:
    files = {"spec": ("a.yaml", SPEC), "graph": ("a.json", json.dumps(GRAPH))}
    pushed = api.post("/v1/workflows", files=files, data={"activate": "true"})
    assert pushed.status_code == 201, pushed.text
    runnable(api, "row", True)
    colors = ("red", "green", "blue", "gold")
    pictures = [{"media": upload(api, a_picture(color=color))} for color in colors]

    def submit(count: int) -> dict[str, Any]:
        body = {"workflow": "row", "inputs": {"pictures": pictures[:count]}}
        return api.post("/v1/jobs", json=body, headers={"Prefer": "wait=50"}).json()

    assert [len(submit(count)["outputs"]) for count in (2, 3)] == [2, 3]
    assert [error["path"] for error in submit(4)["errors"]] == ["inputs.pictures"]

"""A picture through the fleet equals, to the pixel, that of the graph posted directly."""

import io
import time
from pathlib import Path
from typing import Any, cast
from uuid import uuid4

import httpx
import pytest
from PIL import Image, ImageChops

from workflows import load_version, render, validate_inputs

pytestmark = [pytest.mark.comfyui, pytest.mark.timeout(300)]
SHIPPED = Path(__file__).parents[2] / "workflows"


def a_photo(width: int, height: int, seed: int) -> bytes:
    """Noise over a gradient: nothing in it survives a wrong resampling."""
    noise = Image.effect_noise((width, height), 60 + seed)
    gradient = a_gradient(width, height)
    file = io.BytesIO()
    Image.merge("RGB", (noise, gradient, ImageChops.invert(noise))).save(file, "PNG")
    return file.getvalue()


def a_gradient(width: int, height: int) -> Image.Image:
    return Image.linear_gradient("L").transform(
        (width, height), Image.Transform.EXTENT, (0, 0, 256, 256)
    )


def a_mask(width: int, height: int) -> bytes:
    file = io.BytesIO()
    a_gradient(width, height).save(file, "PNG")
    return file.getvalue()


def upload(api: httpx.Client, content: bytes, kind: str, **form: str) -> str:
    answer = api.post("/v1/media", data={"kind": kind, **form}, files={"file": ("a.png", content)})
    assert answer.status_code == 201, answer.text
    return answer.json()["id"]


def through_the_fleet(api: httpx.Client, workflow: str, inputs: dict[str, Any]) -> Image.Image:
    job = finished(api, workflow, inputs)
    return Image.open(io.BytesIO(api.get(job["outputs"][0]["url"]).content))


def finished(api: httpx.Client, workflow: str, inputs: dict[str, Any]) -> dict[str, Any]:
    job = api.post("/v1/jobs", json={"workflow": workflow, "inputs": inputs}).json()
    answer = api.get(f"/v1/jobs/{job['id']}")
    while answer.json()["status"] in {"queued", "running"}:
        time.sleep(0.1)
        answer = api.get(f"/v1/jobs/{job['id']}")
    assert answer.json()["status"] == "completed", answer.text
    return answer.json()


def directly(api: httpx.Client, server: str, workflow: str, inputs: dict[str, Any]) -> Image.Image:
    """Upload the same bytes to ComfyUI, post the rendered graph, and fetch the picture."""
    version = load_version(
        (SHIPPED / f"{workflow}.yaml").read_text(),
        (SHIPPED / f"{workflow}.graph.json").read_text(),
        (SHIPPED / "library.yaml").read_text(),
    )
    values = validate_inputs(version.spec, inputs, lambda: 7)
    with httpx.Client(base_url=server, timeout=60) as comfyui:
        media = [cast("dict[str, str]", v)["media"] for v in values.values() if isinstance(v, dict)]
        staged = {media_id: stage(api, comfyui, media_id) for media_id in media}
        graph = render(version.graph, version.spec, values, staged)
        prompt_id = str(uuid4())
        comfyui.post("/prompt", json={"prompt": graph, "prompt_id": prompt_id}).raise_for_status()
        while not (history := comfyui.get(f"/history/{prompt_id}").json()):
            time.sleep(0.05)
        [file] = [f for o in history[prompt_id]["outputs"].values() for f in o["images"]]
        return Image.open(io.BytesIO(comfyui.get("/view", params=file).content))


def stage(api: httpx.Client, comfyui: httpx.Client, media_id: str) -> str:
    content = api.get(f"/v1/media/{media_id}/content").content
    file = {"image": (f"{media_id}.png", content)}
    return comfyui.post("/upload/image", files=file).json()["name"]


def assert_same(one: Image.Image, other: Image.Image) -> None:
    assert (one.size, one.mode) == (other.size, other.mode)
    assert ImageChops.difference(one, other).getbbox() is None


def test_resize_is_identical(api: httpx.Client, servers: list[str]) -> None:
    media_id = upload(api, a_photo(203, 117, 1), "image")
    inputs = {"image": {"media": media_id}, "width": 96, "height": 64}
    assert_same(
        through_the_fleet(api, "resize", inputs), directly(api, servers[0], "resize", inputs)
    )


def test_composite_with_a_photo_and_a_mask_is_identical(
    api: httpx.Client, servers: list[str]
) -> None:
    schema = api.get("/v1/workflows/composite/schema").json()["properties"]
    below, above = [n for n, f in schema.items() if f.get("x-comfyfleet-type") == "image"]
    first = upload(api, a_photo(160, 120, 2), "image")
    mask = upload(api, a_mask(160, 120), "mask", image_id=first)
    inputs = {
        below: {"media": first},
        above: {"media": upload(api, a_photo(160, 120, 3), "image")},
        "mask": {"media": mask},
    }
    assert_same(
        through_the_fleet(api, "composite", inputs), directly(api, servers[0], "composite", inputs)
    )

"""Files of ComfyUI's editor become workflows, with the spec that the fleet proposes, and run."""

import io
import json
import time
import wave
from pathlib import Path
from typing import Any

import httpx
import pytest

from contracts.errors import InvalidError
from workflows.convert import to_api

from .test_masks import a_drawing, as_png
from .test_pixels import a_photo, upload

pytestmark = [pytest.mark.comfyui, pytest.mark.timeout(300)]
TEMPLATES = Path(__file__).parents[1] / "recordings" / "templates"
SIZE = (160, 120)


def a_sound() -> bytes:
    """Return half a second of silence."""
    file = io.BytesIO()
    with wave.open(file, "wb") as sound:
        sound.setparams((1, 2, 8_000, 4_000, "NONE", "not compressed"))
        sound.writeframes(bytes(8_000))
    return file.getvalue()


def media(api: httpx.Client) -> dict[str, str]:
    """Upload one file of each kind."""
    photo = upload(api, a_photo(*SIZE, 1), "image")
    mask = upload(api, as_png(a_drawing(*SIZE)), "mask", image_id=photo)
    return {"image": photo, "mask": mask, "audio": upload(api, a_sound(), "audio")}


def proposed(api: httpx.Client, servers: list[str], body: dict[str, Any]) -> dict[str, Any]:
    """Return the spec, once the fleet knows what its servers have; skip if no server has it."""
    deadline = time.monotonic() + 60
    while not (answer := api.post("/v1/workflows/propose", json=body)).is_success:
        errors = answer.json()["errors"]
        assert {error["code"] for error in errors} == {"unknown_class"}, answer.text
        lacking = [error["params"]["class_type"] for error in errors]
        if not any(has_all(server, lacking) for server in servers):
            pytest.skip(f"no server has {lacking}: run it against a newer ComfyUI")
        assert time.monotonic() < deadline, answer.text
        time.sleep(1)
    return answer.json()["spec"]


def has_all(server: str, classes: list[str]) -> bool:
    return all(httpx.get(f"{server}/object_info/{name}", timeout=60).json() for name in classes)


def test_each_server_runs_five_of_them(servers: list[str]) -> None:
    """Five run on a fleet of any one of these servers; nothing of the others is skipped unseen."""
    files = [json.loads(path.read_text()) for path in TEMPLATES.glob("*.json")]
    able = dict.fromkeys(servers, 0)
    for server in servers:
        classes = httpx.get(f"{server}/object_info", timeout=60).json()
        able[server] = sum(converts(file, classes) for file in files)

    assert {server: count for server, count in able.items() if count < 5} == {}


def converts(file: dict[str, Any], classes: dict[str, Any]) -> bool:
    try:
        return bool(to_api(file, classes))
    except InvalidError:
        return False


@pytest.mark.parametrize("template", sorted(TEMPLATES.glob("*.json")), ids=lambda path: path.stem)
def test_a_template_of_the_editor_runs(
    api: httpx.Client, servers: list[str], template: Path
) -> None:
    name, graph = template.stem, json.loads(template.read_text())
    spec = proposed(api, servers, {"name": name, "graph": graph})
    sent = {"graph": graph, "spec": spec, "activate": True}
    answer = api.post("/v1/workflows", json=sent)
    assert answer.is_success, answer.text

    files = media(api)
    inputs = {
        field: {"media": files[about["x-comfyfleet-type"]]}
        for field, about in api.get(f"/v1/workflows/{name}/schema").json()["properties"].items()
        if about.get("x-comfyfleet-type") in files
    }
    body = {"workflow": name, "inputs": inputs}
    answer = api.post("/v1/jobs", json=body, headers={"Prefer": "wait=120"})
    assert answer.status_code == 201, answer.text
    job = answer.json()
    assert job["status"] == "completed", answer.text
    assert job["outputs"], "it made nothing"

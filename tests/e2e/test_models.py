"""A job waits for a model file that no node has, and runs once the file was brought to one."""

import os
from collections.abc import Generator
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from comfyfleet.testing import LocalFleet
from runtime.testing.file_server import FileServer, a_file_server

from .test_jobs import submit
from .test_nodes import end

CONTENT = os.urandom(300_000)
LORA = "e2e/film.safetensors"


@pytest.fixture
def files() -> Generator[FileServer, None, None]:
    with a_file_server() as running:
        running.files["/film"] = CONTENT
        yield running


def declare(fleet: LocalFleet, folder: Path, url: str) -> str:
    """Push `txt2img` under another name, with the address of a model file."""
    fleet.run("workflows", "pull", "txt2img", "--out", str(folder))
    spec: dict[str, Any] = yaml.safe_load((folder / "txt2img.yaml").read_text())
    model = {"folder": "loras", "name": LORA, "url": url, "sha256": sha256(CONTENT).hexdigest()}
    spec |= {"name": "film", "requires": {"models": [model]}}
    (folder / "film.yaml").write_text(yaml.safe_dump(spec))
    fleet.run("workflows", "push", str(folder / "film.yaml"), "--activate")
    return "film"


def test_a_job_that_waited_for_a_model_file_runs_when_it_is_there(
    fleet: LocalFleet, api: httpx.Client, files: FileServer, tmp_path: Path
) -> None:
    workflow = declare(fleet, tmp_path, f"{files.url}/film")
    job = submit(api, workflow, prompt="a red door", lora=LORA, steps=1)
    files.cuts = [100_000]
    said = fleet.run("models", "sync", workflow)
    ended = end(api, job)
    listed = fleet.run("models", "list")

    assert (job["status"], job["is_runnable"]) == ("queued", False)
    assert f"loras/{LORA} completed" in said
    assert [begin for _, begin in files.asked] == [0, 100_000], "it goes on after a cut"
    assert ended["status"] == "completed", ended
    assert "loras/e2e/film.safetensors" in listed

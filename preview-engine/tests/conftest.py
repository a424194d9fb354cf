"""Real engines as processes, and recordings of a real ComfyUI to compare them with."""

import json
import os
import select
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

RECORDINGS = Path(__file__).parents[2] / "tests" / "recordings" / "comfyui"
START_SECONDS = 20

StartEngine = Callable[..., str]


def spawn(home: Path, *flags: str) -> tuple[subprocess.Popen[str], str]:
    command = [sys.executable, "-m", "preview_engine", "--port", "0", "--home", str(home)]
    # Buffered by pipes, so that a test which kills the engine sees its last words.
    process = subprocess.Popen([*command, *flags], stdout=subprocess.PIPE, text=True)
    assert process.stdout
    ready, _, _ = select.select([process.stdout], [], [], START_SECONDS)
    assert ready, "the engine did not start"
    line = process.stdout.readline()
    assert line.startswith("listening on "), line
    return process, line.removeprefix("listening on ").strip()


@pytest.fixture
def start_engine(tmp_path: Path) -> Iterator[StartEngine]:
    """Start an engine of this test alone: `start_engine(*flags) -> url`."""
    processes: list[subprocess.Popen[str]] = []

    def start(*flags: str) -> str:
        process, url = spawn(tmp_path / str(len(processes)), "--test-classes", *flags)
        processes.append(process)
        return url

    yield start
    for process in processes:
        process.kill()
        process.communicate()


@pytest.fixture(scope="session")
def shared_engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """One engine for tests that do not mind what it did before."""
    models = json.dumps({"checkpoints": ["tiny_sd15.safetensors"]})
    home = tmp_path_factory.mktemp("engine")
    process, url = spawn(home, "--test-classes", "--models", models)
    yield url
    process.kill()
    process.communicate()


@pytest.fixture
def http(shared_engine: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=shared_engine, timeout=30) as client:
        yield client


@pytest.fixture(scope="session")
def recorded_http() -> dict[str, dict[str, Any]]:
    entries = json.loads((RECORDINGS / "http.json").read_text("utf-8"))
    return {entry["name"]: entry for entry in entries}


@pytest.fixture(scope="session")
def recordings() -> Path:
    return RECORDINGS


@pytest.fixture(scope="session")
def run_prompt() -> Callable[..., dict[str, Any]]:
    """Submit a graph, wait for its end: `run_prompt(http, graph, **body) -> history entry`."""

    def run(http: httpx.Client, graph: dict[str, Any], **body: Any) -> dict[str, Any]:
        answer = http.post("/prompt", json={"prompt": graph, **body})
        assert answer.status_code == 200, answer.text
        prompt_id = answer.json()["prompt_id"]
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            found = http.get(f"/history/{prompt_id}").json()
            if found:
                return found[prompt_id]
            os.sched_yield()
        raise AssertionError(f"{prompt_id} did not end")

    return run

"""Real servers: NATS, S3, and something that speaks as ComfyUI does."""

import os
import select
import subprocess
import sys
from collections.abc import AsyncGenerator, Callable, Generator
from pathlib import Path

import pytest

from runtime.testing.fixtures import nats, s3
from runtime.testing.servers import NatsServer, S3Server

from .fleet import Fleet, a_fleet

__all__ = ["nats", "s3"]

START_SECONDS = 20
StartEngine = Callable[..., str]


@pytest.fixture(scope="session")
def start_engine(tmp_path_factory: pytest.TempPathFactory) -> Generator[StartEngine, None, None]:
    """Start a preview engine: `start_engine(*flags) -> url`."""
    processes: list[subprocess.Popen[str]] = []

    def start(*flags: str, home: Path | None = None) -> str:
        process, url = spawn(home or tmp_path_factory.mktemp("engine"), *flags)
        processes.append(process)
        return url

    yield start
    for process in processes:
        process.kill()
        process.wait(10)
        if process.stdout:
            process.stdout.close()


def spawn(home: Path, *flags: str) -> tuple[subprocess.Popen[str], str]:
    port = [] if "--port" in flags else ["--port", "0"]
    command = [sys.executable, "-m", "preview_engine", "--home", str(home), "--test-classes"]
    process = subprocess.Popen([*command, *port, *flags], stdout=subprocess.PIPE, text=True)
    assert process.stdout
    ready, _, _ = select.select([process.stdout], [], [], START_SECONDS)
    assert ready, "the engine did not start"
    return process, process.stdout.readline().removeprefix("listening on ").strip()


@pytest.fixture(scope="session")
def engine_url(start_engine: StartEngine) -> str:
    """One preview engine for every test that leaves it as it was."""
    return start_engine()


@pytest.fixture(
    params=[
        pytest.param("engine", id="preview-engine"),
        pytest.param("comfyui", id="comfyui", marks=pytest.mark.comfyui),
    ]
)
def comfy_url(request: pytest.FixtureRequest) -> str:
    """The preview engine, and a real ComfyUI with the same test classes if there is one."""
    if request.param == "engine":
        return request.getfixturevalue("engine_url")
    url = os.environ.get("COMFYUI_URL")
    if not url:
        pytest.skip("COMFYUI_URL is not set: no real ComfyUI to test against")
    return url


@pytest.fixture
async def fleet(nats: NatsServer, s3: S3Server) -> AsyncGenerator[Fleet, None]:
    async with a_fleet(nats, s3) as made:
        yield made

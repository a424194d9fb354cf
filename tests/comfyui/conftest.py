"""A fleet over real ComfyUI servers: COMFYUI_URLS (or COMFYUI_URL) names them."""

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from comfyfleet.testing import LocalFleet, local_fleet
from runtime.testing.ports import wait_until

SHIPPED = Path(__file__).parents[2] / "workflows"
BLURS = 24
DESCRIBED_SECONDS = 120


@pytest.fixture(scope="session")
def servers() -> list[str]:
    named = os.environ.get("COMFYUI_URLS") or os.environ.get("COMFYUI_URL", "")
    if not named:
        pytest.skip("set COMFYUI_URL to a ComfyUI, e.g. http://127.0.0.1:8188")
    return [url.rstrip("/") for url in named.replace(",", " ").split()]


@pytest.fixture(scope="session")
def fleet(servers: list[str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalFleet]:
    folder = tmp_path_factory.mktemp("comfyui")
    shutil.copytree(SHIPPED, folder / "workflows")
    add_blur_chain(folder / "workflows", "blur_chain", "ImageBlur")
    add_blur_chain(folder / "workflows", "no_such_class", "ImageBlurOfNoServer")
    with local_fleet(
        folder / "home",
        COMFYUI_URLS=" ".join(servers),
        COMFYFLEET_WORKFLOWS_DIR=str(folder / "workflows"),
    ) as running:
        yield running


@pytest.fixture(scope="session")
def api(fleet: LocalFleet) -> Iterator[httpx.Client]:
    with fleet.http(timeout=120) as client:
        wait_until_servers_are_described(client)
        yield client


def wait_until_servers_are_described(client: httpx.Client) -> None:
    """The conversion of saved files needs the classes of the servers."""
    path = "/v1/workflows/blur_chain"
    wait_until(
        lambda: client.get(path).json()["is_runnable"] is True,
        "no server was described in time",
        DESCRIBED_SECONDS,
    )


def add_blur_chain(folder: Path, name: str, class_type: str) -> None:
    """A model-free job that takes seconds on a CPU, with a place to stop at each graph node."""
    size = {"width": 640, "height": 640, "batch_size": 1, "color": 0}
    graph: dict[str, Any] = {"0": {"class_type": "EmptyImage", "inputs": size}}
    for n in range(1, BLURS + 1):
        inputs = {"image": [str(n - 1), 0], "blur_radius": 31, "sigma": 10.0}
        graph[str(n)] = {"class_type": class_type, "inputs": inputs}
    save = {"images": [str(BLURS), 0], "filename_prefix": "blur"}
    graph["save"] = {"class_type": "SaveImage", "inputs": save}
    (folder / f"{name}.graph.json").write_text(json.dumps(graph))
    (folder / f"{name}.yaml").write_text(
        "spec: comfyfleet/v1\n"
        f"name: {name}\n"
        "title: Many blurs\n"
        "category: utility\n"
        f"graph: {name}.graph.json\n"
        "inputs:\n"
        '  color: {type: integer, default: 0, bind: [{node: "0", input: color}]}\n'
        "outputs:\n"
        "  images: {node: save, kind: image}\n"
    )

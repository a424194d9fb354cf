"""Files that ComfyUI reports of a declared output are kept, wherever its graph node put them."""

from typing import Any

import httpx
import pytest

from .test_life import wait_for

pytestmark = [pytest.mark.comfyui, pytest.mark.timeout(300)]
SIZE = {"width": 64, "height": 64, "batch_size": 1, "color": 7}


def ran(api: httpx.Client, name: str, graph: dict[str, Any], **kinds: str) -> dict[str, Any]:
    """Run a workflow whose outputs are graph node 2, of these kinds; return the ended job."""
    outputs = {key: {"node": "2", "kind": kind} for key, kind in kinds.items()}
    spec = {"spec": "comfyfleet/v1", "name": name, "outputs": outputs}
    sent = {"graph": graph, "spec": spec, "activate": True}
    api.post("/v1/workflows", json=sent).raise_for_status()
    job = api.post("/v1/jobs", json={"workflow": name, "inputs": {}}).raise_for_status().json()
    wait_for(api, job, "completed", "failed")
    return api.get(f"/v1/jobs/{job['id']}").json()


def test_a_saver_with_its_own_path_loses_nothing(api: httpx.Client) -> None:
    graph = {
        "1": {"class_type": "EmptyImage", "inputs": SIZE},
        "2": {"class_type": "MiscOutputs", "inputs": {"image": ["1", 0]}},
    }

    for _ in range(2):
        job = ran(api, "own_path", graph, film="file", words="text")

        assert job["status"] == "completed", job["error"]
        assert [output["name"] for output in job["outputs"]] == ["film", "words", "words"]
        assert job["empty_outputs"] == []

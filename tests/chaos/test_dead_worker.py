"""A ComfyUI that answers while its worker is dead: what waits for it ends once, after a restart.

Such a server takes prompts, shows one as running, and never begins; only a restart helps.
"""

from collections.abc import Generator
from contextlib import contextmanager

import httpx
import pytest

from comfyfleet.testing import LocalFleet
from runtime.testing.ports import wait_until

from .audit import engine_of
from .test_kills import END_SECONDS, jobs_meanwhile, kill

DEAD_AFTER_SECONDS = 5.0


@pytest.mark.long
@pytest.mark.timeout(0)
def test_a_server_that_answers_while_its_worker_is_dead_costs_no_job(
    fleet: LocalFleet, api: httpx.Client
) -> None:
    [node_id] = [node["id"] for node in api.get("/v1/nodes").json()["items"]]

    def is_quarantined() -> bool:
        node = api.get(f"/v1/nodes/{node_id}").json()
        return node["phase"] == "quarantined" and "worker" in node["reason"]

    with (
        engine_settings(api, node_id, dead_after_seconds=DEAD_AFTER_SECONDS),
        jobs_meanwhile(fleet, may_repeat=True),
    ):
        switches = f"{engine_of(fleet)}/preview-engine/switches"
        httpx.post(switches, json={"silent": True}).raise_for_status()
        wait_until(is_quarantined, "nobody saw that the worker is dead", END_SECONDS)
        kill(fleet, "preview-engine")


@contextmanager
def engine_settings(
    api: httpx.Client, node_id: str, **settings: float
) -> Generator[None, None, None]:
    before = api.get(f"/v1/nodes/{node_id}").json()["engine_settings"]
    change(api, node_id, before | settings)
    try:
        yield
    finally:
        change(api, node_id, before)


def change(api: httpx.Client, node_id: str, settings: dict[str, float]) -> None:
    answer = api.patch(f"/v1/nodes/{node_id}", json={"engine_settings": settings})
    answer.raise_for_status()

"""A warm-up is of use and never needed: whatever goes wrong in it ends nothing else."""

from types import SimpleNamespace
from typing import Any

from contracts.scheduler.nodes import NodeSettings
from contracts.values import new_id
from node_agent.domain.managed import ManagedServer, WarmUp
from node_agent.handlers.warm_up import warm_up
from node_agent.service import Attempts


async def test_an_unexpected_error_is_the_problem_of_the_warm_up_alone() -> None:
    node = NodeSettings(name="box", base_url="http://127.0.0.1:8188", machine="box")
    server = ManagedServer(new_id(), node, log=lambda _: [], warm_up=WarmUp("sdxl@3"))
    server.began()
    server.ready(was_adopted=False)
    beat_due = SimpleNamespace(set=lambda: None)
    without_bus: Any = SimpleNamespace(
        id=server.node_id, agent=None, attempts=Attempts(), beat_due=beat_due
    )
    await warm_up(without_bus, server)

    assert server.is_warm
    assert (server.warm_up_problem or "").startswith(
        "its warm-up with sdxl@3 failed: it cannot be run (AttributeError("
    )

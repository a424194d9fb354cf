"""A server that the agent runs says why it takes no attempts."""

from typing import Any

import pytest

from contracts.scheduler.nodes import NodeSettings
from contracts.values import new_id
from node_agent.domain.managed import ManagedServer, RecycleLimits, WarmUp, node_id_of

NODE = NodeSettings(name="box-0", base_url="http://127.0.0.1:8188", machine="box")


def a_server(**more: Any) -> ManagedServer:
    return ManagedServer(node_id=new_id(), node=NODE, log=lambda _: [], **more)


def test_a_first_start_is_a_pause_and_a_crash_is_none() -> None:
    server = a_server()
    server.began()
    assert (server.is_paused, server.refuses, server.reason()) == (True, True, "its server starts")
    server.ready(was_adopted=False)
    assert (server.is_paused, server.refuses, server.reason()) == (False, False, None)
    server.restart_in = lambda: 7.6
    server.died("exited with 1: out of luck")
    expected = "its server died (restart in 8 s): it exited with 1: out of luck"
    assert (server.is_paused, server.is_up, server.reason()) == (False, False, expected)
    server.began()
    assert not server.is_paused
    assert server.reason() == "its server starts again, after it exited with 1: out of luck"


def test_a_server_takes_no_attempt_until_it_is_warm() -> None:
    server = a_server(warm_up=WarmUp("sdxl@3"))
    server.began()
    server.ready(was_adopted=False)
    assert (server.is_paused, server.refuses) == (True, True)
    assert server.reason() == "its server is warmed up with sdxl@3"
    server.is_warm = True
    assert (server.is_paused, server.refuses, server.reason()) == (False, False, None)
    server.began()
    server.ready(was_adopted=True)
    assert not server.is_paused


def test_a_server_that_drains_still_takes_the_order_that_was_on_its_way() -> None:
    server = a_server()
    server.began()
    server.ready(was_adopted=False)
    server.recycling = "it has run 5 attempts"
    assert (server.is_paused, server.refuses) == (True, False)
    server.is_closed = True
    assert server.refuses
    server.began()
    assert server.is_paused
    server.ready(was_adopted=False)
    assert (server.is_paused, server.recycling) == (False, None)


@pytest.mark.parametrize(
    ("attempts", "memory_mb", "expected"),
    [
        (0, 9_000, None),
        (4, 8_000, None),
        (4, None, None),
        (5, 100, "it has run 5 attempts"),
        (1, 8_001, "it takes 8001 MB of memory, over 8000 MB"),
    ],
)
def test_a_server_is_replaced_over_its_limits(
    attempts: int, memory_mb: int | None, expected: str | None
) -> None:
    server = a_server(limits=RecycleLimits(attempts=5, memory_mb=8_000))
    server.began()
    server.ready(was_adopted=False)
    server.attempts, server.memory_mb = attempts, memory_mb
    assert server.why_recycle() == expected
    server.died("exited with 1")
    assert server.why_recycle() is None


@pytest.mark.parametrize("is_warmed_up", [True, False])
def test_growth_counts_from_what_a_settled_server_takes(is_warmed_up: bool) -> None:
    kept: list[tuple[int, int | None]] = []
    warm_up = WarmUp("sdxl@3") if is_warmed_up else None
    server = a_server(limits=RecycleLimits(growth_mb=500), warm_up=warm_up)
    server.keep = lambda: kept.append((server.attempts, server.settled_mb))
    server.began()
    server.measured(1_000)
    server.ready(was_adopted=False)
    server.is_warm = True
    server.took_attempt()
    if not is_warmed_up:
        server.measured(5_000)
        server.took_attempt()
    for memory_mb in (9_000, 9_500, None):
        server.measured(memory_mb)
        assert server.why_recycle() is None
    server.measured(9_501)

    assert server.why_recycle() == "its memory grew by 501 MB, over 500 MB"
    assert kept[-1] == (server.attempts, 9_000)
    server.began()
    assert server.settled_mb is None


def test_the_id_of_a_node_stays_and_differs_by_machine_and_port() -> None:
    other_port = NODE.model_copy(update={"base_url": "http://127.0.0.1:8189"})
    other_machine = NODE.model_copy(update={"machine": "crate"})
    renamed = NODE.model_copy(update={"name": "painter"})
    assert len({node_id_of(node) for node in (NODE, other_port, other_machine)}) == 3
    assert node_id_of(NODE) == node_id_of(renamed)

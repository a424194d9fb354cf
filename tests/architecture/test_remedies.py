"""Every lasting reason why a node cannot work has a remedy, which names options that exist.

The reasons are those that the agent and the scheduler give for nodes in each of their states.
"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from typer.testing import CliRunner

from comfyfleet.__main__ import application
from comfyfleet.node_remedies import REMEDIES, remedies_of
from contracts.scheduler.nodes import NewNode, NodePhase, NodeView
from contracts.values import new_id
from node_agent.domain.health import Health as EngineHealth
from node_agent.domain.managed import ManagedServer, WarmUp
from node_agent.engines.comfyui import probe, trouble
from scheduler.domain import availability
from scheduler.domain.context import LoadedRows, Now, StepContext
from scheduler.domain.health import duplicate_reason
from scheduler.domain.nodes import ClaimStatus, Contact, Health, Node
from scheduler.domain.obstacles import Obstacle
from scheduler.domain.state import State
from scheduler.domain.views import node_view

CRASHED = "exited with 1: upload broke off: nobody listens there"
"""The last line of a log, in words that have a remedy of their own elsewhere."""
PASSING = {
    availability.PAUSED,
    availability.RESTING,
    availability.STOPPING,
    availability.LEFTOVER,
    availability.BUSY,
    availability.UPLOADING,
}
"""They end by themselves."""


def a_server(**fields: Any) -> ManagedServer:
    settings = NewNode(name="n", base_url="http://a:1")
    return ManagedServer(new_id(), settings, log=lambda _: [], **fields)


def of_a_managed_server() -> Iterator[str | None]:
    crashed = a_server()
    crashed.died(CRASHED)
    yield crashed.reason()
    crashed.began()
    yield crashed.reason()
    cold = a_server(warm_up=WarmUp("sdxl@3"))
    cold.ready(was_adopted=True)
    cold.warm_up_problem = "its warm-up with sdxl@3 failed: no such file"
    yield cold.reason()


def of_an_engine() -> Iterator[str]:
    yield from (f"http://a:1 {text}" for _, text in trouble.SPECIFIC)
    yield f"http://a:1 {trouble.NO_COMFYUI}"
    yield from (f"http://a:1 {trouble.why_useless(status, '/queue')}" for status in (403, 404))
    yield f"http://a:1 {trouble.why_silent(EOFError())}"
    yield f"http://a:1 {EngineHealth().reason}"
    yield "http://a:1 runs ComfyUI 0.1: 0.3.57 or later is needed"
    yield "http://a:1 needs engine 'other', which this agent does not have"
    yield probe.DEAD
    yield "a trial failed: CUDA error"


JOINED: dict[str, Any] = {
    "agent_id": new_id(),
    "claim_status": ClaimStatus.JOINED,
}
LOST: dict[str, Any] = JOINED | {"claim_status": ClaimStatus.LOST}
UP: dict[str, Any] = {"is_reachable": True, "beat_at": datetime.now(UTC)}
ELDER = Node(new_id(), NewNode(name="elder", base_url="http://b:1"), datetime.now(UTC))


def a_node(settings: dict[str, Any] | None = None, **fields: Any) -> Node:
    fields.setdefault("contact", Contact(**UP))
    new = NewNode(name="gpu 1", base_url="http://a:1", pool="b").model_copy(update=settings or {})
    return Node(new_id(), new, datetime.now(UTC), **fields)


def seen(node: Node) -> NodeView:
    state = State(nodes={ELDER.id: ELDER, node.id: node})
    return node_view(StepContext(state, LoadedRows(), Now(datetime.now(UTC), 0.0), new_id), node)


def quarantined(**fields: Any) -> Node:
    return a_node(**JOINED, health=Health(is_quarantined=True, **fields))


def nodes() -> Iterator[Node]:
    """Yield a node in each state that lasts."""
    told = [reason for reason in (*of_a_managed_server(), *of_an_engine()) if reason]
    for reason in told:
        contact = Contact(beat_at=datetime.now(UTC), reason=reason)
        yield a_node(agent_id=new_id(), contact=contact)
        yield a_node(**JOINED, contact=contact)
    yield a_node(**JOINED, contact=Contact(beat_at=datetime.now(UTC)))
    yield a_node(is_readable=False)
    yield a_node()
    yield a_node({"machine": "box"})
    yield a_node(agent_id=new_id(), contact=Contact())
    yield a_node(agent_id=new_id())
    yield a_node(**LOST)
    untried = a_node(agent_id=new_id(), health=Health(is_untried=True))
    untried.capabilities.digest = "d"
    yield untried
    yield quarantined(reason="CUDA error: an illegal memory access")
    yield quarantined(reason="jobs of different workflows failed on it in a row")
    yield quarantined(reason="the engine answers but executes nothing")
    yield quarantined(reason=probe.DEAD, trial=7)
    yield quarantined()
    yield a_node(**JOINED, health=Health(double_of=ELDER.id))
    yield a_node({"is_enabled": False})
    yield a_node({"is_draining": True}, **JOINED)
    yield a_node(**JOINED, contact=Contact(**UP, foreign_prompts=16))


VIEWS = [seen(node) for node in nodes()]


@pytest.mark.parametrize("view", VIEWS, ids=lambda view: str(view.reason)[:60])
def test_a_reason_that_lasts_has_a_remedy(view: NodeView) -> None:
    assert view.reason
    assert list(remedies_of(view))


def test_every_obstacle_of_a_node_that_lasts_is_among_them() -> None:
    constants = {one for one in vars(availability).values() if isinstance(one, Obstacle)}
    told = {view.reason for view in VIEWS}
    assert {one.in_full for one in constants - PASSING} <= told
    assert duplicate_reason(ELDER) in told


def remedy_of(reason: str, phase: NodePhase = NodePhase.LOST, **fields: Any) -> str:
    view = NodeView(id=new_id(), name="gpu 1", base_url="http://a:1", phase=phase, pool="b")
    return "".join(remedies_of(view.model_copy(update={"reason": reason, **fields})))


def test_a_remedy_names_the_node_as_a_shell_reads_it() -> None:
    remedy = remedy_of("no agent of pool b has claimed it")
    assert "nodes set 'gpu 1' --pool" in remedy
    assert "COMFYFLEET_POOL=b" in remedy
    assert not remedy_of("its slot is taken")


def test_a_node_for_a_machine_without_an_agent_is_added_again() -> None:
    view = seen(a_node({"machine": "box"}))
    [remedy] = remedies_of(view)
    assert "of pool b on machine box" in str(view.reason)
    assert "on machine box" in remedy
    assert "nodes remove 'gpu 1'" in remedy


def test_the_words_of_a_log_or_a_graph_choose_no_remedy() -> None:
    crashed, restarted, _ = of_a_managed_server()
    for reason in (crashed, restarted):
        assert "nodes log 'gpu 1'" in remedy_of(str(reason))
        assert "--url" not in remedy_of(str(reason))
    fault = "CUDA error: the driver refuses the connection; nothing is heard of its agent"
    assert "restart ComfyUI" in remedy_of(fault, NodePhase.QUARANTINED)


def test_remedies_name_options_of_the_command() -> None:
    shown = (
        CliRunner(env={"COLUMNS": "200"}).invoke(application(), ["nodes", "set", "--help"]).output
    )
    named = {
        option
        for _, remedy in REMEDIES
        for command in re.findall(r"nodes set[^`]*", remedy)
        for option in re.findall(r"--[a-z-]+", command)
    }
    assert named
    assert named <= set(re.findall(r"--[a-z-]+", shown))

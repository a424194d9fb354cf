"""Every lasting reason why a node cannot work has a remedy, which names options that exist."""

import re

import pytest
from typer.testing import CliRunner

from comfyfleet.__main__ import application
from comfyfleet.node_remedies import REMEDIES, remedies_of
from contracts.scheduler.nodes import NodePhase, NodeView
from contracts.values import new_id
from node_agent.engines.comfyui import trouble
from scheduler.domain import availability
from scheduler.domain.obstacles import Obstacle

PASSING = {
    availability.PAUSED,
    availability.RESTING,
    availability.STOPPING,
    availability.LEFTOVER,
    availability.BUSY,
    availability.UPLOADING,
}
"""They end by themselves."""
REASONS = [
    *(f"http://a:1 {text}" for _, text in trouble.SPECIFIC),
    f"http://a:1 {trouble.NO_COMFYUI}",
    *(f"http://a:1 {trouble.why_useless(status, '/queue')}" for status in (403, 404)),
    f"http://a:1 {trouble.why_silent(EOFError())}",
    *(
        found.in_full
        for found in vars(availability).values()
        if isinstance(found, Obstacle) and found not in PASSING
    ),
    "a trial failed: CUDA error",
    "no agent of pool b has claimed it",
]


def a_node(reason: str) -> NodeView:
    id_, phase = new_id(), NodePhase.LOST
    return NodeView(
        id=id_, name="gpu 1", base_url="http://a:1", pool="b", phase=phase, reason=reason
    )


@pytest.mark.parametrize("reason", REASONS)
def test_a_reason_that_lasts_has_a_remedy(reason: str) -> None:
    assert list(remedies_of(a_node(reason)))


def test_a_remedy_names_the_node_as_a_shell_reads_it() -> None:
    [remedy] = remedies_of(a_node(REASONS[-1]))
    assert "nodes set 'gpu 1' --pool" in remedy
    assert "COMFYFLEET_POOL=b" in remedy
    assert not list(remedies_of(a_node("its slot is taken")))


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

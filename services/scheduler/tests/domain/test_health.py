import pytest

from contracts.attempts import Cause
from contracts.errors import InvalidError
from contracts.ids import new_id
from contracts.jobs import JobStatus
from contracts.nodes import AddNode, NewNode, NodeState
from scheduler.domain.views import node_state

from .core import OWNER, Core, attempt_of


def test_a_broken_accelerator_quarantines_its_node_at_once_for_a_minute() -> None:
    core = Core()
    node = core.node()
    job = core.job()
    core.finish(attempt_of(job), Cause.NODE_FAULT)
    assert node_state(core.look(), node) is NodeState.QUARANTINED
    core.pass_time(58)
    assert job.status is JobStatus.QUEUED
    core.pass_time(3)

    assert job.status is JobStatus.RUNNING


def test_a_node_that_fails_again_is_out_for_twice_as_long_until_it_succeeds() -> None:
    core = Core()
    node = core.node()
    core.finish(attempt_of(core.job()), Cause.NODE_FAULT)
    core.pass_time(61)
    job = next(iter(core.state.jobs.values()))
    core.finish(attempt_of(job), Cause.NODE_FAULT)
    core.pass_time(110)
    assert job.status is JobStatus.QUEUED
    core.pass_time(12)
    core.finish(attempt_of(job))

    assert node.health.quarantines == 0


def test_three_versions_that_work_elsewhere_and_fail_here_in_a_row_quarantine() -> None:
    core = Core()
    node = core.node()
    for version in "abc":
        core.finish(attempt_of(core.job(version_hash=version)))
    for version in "aabc":
        assert node_state(core.look(), node) is NodeState.READY
        core.finish(attempt_of(core.job(version_hash=version)), Cause.WORKFLOW)

    assert node_state(core.look(), node) is NodeState.QUARANTINED


def test_one_users_broken_workflows_take_no_node_out() -> None:
    core = Core()
    node = core.node()
    for version in "abcdef":
        core.finish(attempt_of(core.job(version_hash=version)), Cause.WORKFLOW)

    assert node_state(core.look(), node) is NodeState.READY


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("", "host"),
        ("a", "host"),
        ("ftp://a", "http or https"),
        ("http://", "host"),
        ("http://[a", "URL"),
        ("http://u:p@a", "credentials"),
        ("http://:p@a", "credentials"),
        ("http://a:99999", "port"),
        ("http://a:0", "port"),
        ("http://a/?b", "query"),
    ],
)
def test_a_url_where_no_comfyui_can_be_is_refused_with_the_reason(url: str, reason: str) -> None:
    request = AddNode(actor=OWNER, node_id=new_id(), node=NewNode(name="n", base_url=url))
    refused = Core().ask(request)

    assert isinstance(refused, InvalidError)
    assert refused.code == "bad_url"
    assert reason in refused.errors[0].message


def test_one_server_is_added_once() -> None:
    core = Core()
    node = NewNode(name="n", base_url="http://10.0.0.7:8188/")
    core.ask(AddNode(actor=OWNER, node_id=new_id(), node=node))

    again = node.model_copy(update={"base_url": "http://10.0.0.7:8188"})
    assert core.refusal(AddNode(actor=OWNER, node_id=new_id(), node=again)) == "node_exists"

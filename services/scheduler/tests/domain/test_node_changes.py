"""The settings of a node change while jobs run on it."""

from typing import Any

import pytest

from contracts.agent import AttemptEnd, Cause, FinishAttempt, Outcome
from contracts.errors import InvalidError
from contracts.scheduler.claims import AttemptPhase
from contracts.scheduler.jobs import JobStatus
from contracts.scheduler.node_requests import ChangeNode
from contracts.scheduler.nodes import NodeChanges

from .core import OWNER, Core, attempt_of
from .node_verbs import change, claim


def test_plain_settings_change_without_touching_the_claim() -> None:
    core = Core()
    node = core.node()
    job, number = core.job(), node.claim
    view = change(core, node, name="b", max_queue=5, priority=3, labels={"rack": "7"})

    assert (view.name, view.max_queue, view.priority, view.labels) == ("b", 5, 3, {"rack": "7"})
    assert (node.claim, attempt_of(job).node_id) == (number, node.id)
    assert [getattr(fact, "changed", None) for fact in core.effects.events] == [
        ["name", "max_queue", "priority", "labels"]
    ]
    change(core, node, name="b", max_queue=5)
    assert not core.effects.needs_commit


def test_a_node_says_whether_an_agent_has_it() -> None:
    core = Core()
    node = core.node()
    core.job()

    assert change(core, node, name="b").is_claimed
    assert change(core, node, is_enabled=False).is_claimed, "it finishes its job"
    idle = core.node()
    assert not change(core, idle, is_enabled=False).is_claimed


@pytest.mark.parametrize(
    "changes",
    [
        {"base_url": "http://10.0.0.9:8188"},
        {"headers": {"X-Key": "new"}},
        {"pool": "b"},
        {"engine_settings": {"keep_outputs": True}},
    ],
)
def test_what_the_server_is_reached_by_changes_with_the_job_running(
    changes: dict[str, Any],
) -> None:
    core = Core()
    node = core.node()
    job, old = core.job(), node.claim
    attempt = attempt_of(job)
    core.pass_time(2)
    change(core, node, **changes)
    assert (node.agent_id, node.claim > old) == (None, True)
    assert core.effects.recalls == []

    late = FinishAttempt(
        node_id=node.id,
        claim=old,
        attempt_id=attempt.id,
        end=AttemptEnd(outcome=Outcome.FAILED, cause=Cause.LOST),
    )
    assert core.refusal(late) == "stale_claim", "the old address says nothing any more"
    assert [live.id for live in claim(core, node).live] == [attempt.id]
    core.pass_time(2)
    core.finish(attempt)

    assert (job.status, job.attempt_count) == (JobStatus.COMPLETED, 1)


def test_a_job_that_is_not_at_the_new_address_runs_again_as_a_lost_one() -> None:
    core = Core()
    node = core.node()
    job = core.job()
    core.pass_time(2)
    change(core, node, base_url="http://10.0.0.9:8188")
    assert node.capabilities.digest == ""
    claim(core, node)
    core.report(node, models=[], vram_mb=8_000)
    core.say(core.beat(node, AttemptPhase.ADOPTING))
    core.finish(attempt_of(job), Cause.LOST)

    assert job.retry.strikes == {Cause.LOST: 1}, "it killed no server"
    assert job.status is not JobStatus.FAILED


def test_an_address_has_one_node_also_after_a_change() -> None:
    core = Core()
    core.node(base_url="http://10.0.0.7:8188")
    node = core.node(base_url="http://10.0.0.8:8188")

    def refusal(**changes: Any) -> str:
        wanted = NodeChanges.model_validate(changes)
        return core.refusal(ChangeNode(actor=OWNER, node_id=node.id, changes=wanted))

    assert refusal(base_url="http://10.0.0.7:8188/", name="x") == "node_exists"
    assert refusal(base_url="ftp://10.0.0.9") == "bad_url"
    assert refusal(headers={"Upgrade": "x"}) == "bad_header"
    assert not core.effects.needs_commit
    assert node.settings.name == "n"
    assert change(core, node, base_url="http://10.0.0.8:8188/").base_url.endswith(":8188")


def test_settings_that_are_too_large_together_are_refused() -> None:
    core = Core()
    node = core.node()
    change(core, node, engine_settings={f"{n}": "x" * 2_000 for n in range(20)})
    wanted = NodeChanges(headers={f"X-{n}": "x" * 4_000 for n in range(10)})
    answer = core.ask(ChangeNode(actor=OWNER, node_id=node.id, changes=wanted))

    assert isinstance(answer, InvalidError)
    assert [problem.code for problem in answer.errors] == ["too_long"]


def test_a_node_at_a_new_address_is_no_double_any_more() -> None:
    core = Core()
    elder, younger = core.node(), core.node()
    beat = core.beat(younger).model_copy(update={"other_node_id": elder.id})
    core.say(beat)
    assert younger.health.double_of == elder.id
    change(core, elder, base_url="http://10.0.0.9:8188")

    assert younger.health.double_of is None

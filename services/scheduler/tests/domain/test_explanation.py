"""`explain` gives each node's true reason, and tells nothing of nodes to who may not see them."""

import re
from uuid import UUID

import pytest

from contracts.access import Actor, Permission
from contracts.agent import Cause
from contracts.scheduler.explanations import CODES, ExplainJob, JobExplanation
from contracts.scheduler.jobs import JobStatus
from contracts.values import new_id
from scheduler.domain.explanation import explain
from scheduler.domain.jobs import Job
from scheduler.domain.nodes import Node

from .core import OWNER, Core, a_model, attempt_of

OPERATOR = Actor(user_id=OWNER.user_id, permissions=frozenset({Permission.NODES_READ}))


def explained(core: Core, job: Job, actor: Actor = OPERATOR, **page: object) -> JobExplanation:
    query = ExplainJob.model_validate({"actor": actor, "job_id": job.id, **page})
    return explain(core.read_context(), job, query)


def codes(core: Core, job: Job) -> dict[UUID, str]:
    return {line.node_id: line.code for line in explained(core, job).nodes}


def a_mixed_fleet(core: Core) -> dict[str, Node]:
    """Add a node in each of many conditions; none takes a job that needs model `m`."""
    model = [a_model("m")]
    names = ("missing", "disabled", "silent", "quarantined", "unreachable", "resting")
    names = (*names, "paused", "stopping", "foreign_work", "busy")
    nodes = {name: core.node(name=name, models=model) for name in names}
    core.report(nodes["missing"], models=[], vram_mb=8_000)
    disabled = nodes["disabled"]
    disabled.settings = disabled.settings.model_copy(update={"is_enabled": False})
    core.state.eligibility.forget()
    core.silent.add(nodes["silent"].id)
    core.pass_time(6)
    nodes["quarantined"].health.is_quarantined = True
    nodes["unreachable"].contact.is_reachable = False
    nodes["unreachable"].contact.reason = "http://10.9.9.9 refuses connections"
    nodes["paused"].contact.is_paused = True
    nodes["resting"].rests_until = core.seconds + 5
    nodes["stopping"].contact.recalled = frozenset({new_id()})
    nodes["foreign_work"].contact.foreign_prompts = 2
    return nodes


def test_each_node_has_its_true_reason() -> None:
    core = Core()
    nodes = a_mixed_fleet(core)
    core.job(models=[a_model("m")])
    found = codes(core, core.job(models=[a_model("m")]))

    assert found == {node.id: name for name, node in nodes.items()}
    assert set(found.values()) <= set(re.findall(r"`(\w+)`", CODES))


def test_a_caller_who_may_not_see_nodes_gets_counts_without_any_trace_of_them() -> None:
    core = Core()
    a_mixed_fleet(core)
    core.job(models=[a_model("m")])
    job = core.job(models=[a_model("m")])
    seen, told = explained(core, job), explained(core, job, OWNER)

    assert (told.nodes, told.next_cursor) == ([], None)
    assert told.obstacles == seen.obstacles
    assert sum(group.count for group in told.obstacles) == told.node_count == 10
    text = told.model_dump_json()
    assert "10.9.9.9" in seen.model_dump_json()
    assert not [node for node in core.state.nodes.values() if str(node.id) in text]
    assert "10.9.9.9" not in text


def test_a_busy_node_says_when_its_slot_is_free() -> None:
    core = Core()
    core.node()
    core.state.mean_seconds["h"] = 30.0
    core.job()
    job = core.job()
    core.pass_time(18)

    [line] = explained(core, job).nodes
    assert (line.code, line.free_in_seconds) == ("busy", pytest.approx(12, abs=1))
    [group] = explained(core, job).obstacles
    assert group.free_in_seconds == line.free_in_seconds


def test_the_owners_turn_is_told() -> None:
    core, other = Core(), Actor(user_id=new_id())
    core.node()
    jobs: list[Job] = []
    for number in range(4):
        core.seconds = number
        jobs.append(core.job(version_hash=str(number)))
    core.job(other)
    stuck = core.job(models=[a_model("nowhere")])

    share = explained(core, jobs[3]).share
    assert share
    assert (share.running_count, share.waiting_count) == (1, 4)
    assert (share.before_count, share.owner_count) == (2, 2)
    stuck_share = explained(core, stuck).share
    assert stuck_share
    assert stuck_share.before_count is None


def test_a_limit_that_holds_the_job_is_named_and_free_nodes_say_so() -> None:
    core = Core()
    core.node()
    core.node()
    core.job(max_running_jobs=1)
    job = core.job(max_running_jobs=1)
    found = explained(core, job)

    assert found.hold
    assert found.hold.code == "owner_running_limit"
    assert sorted(line.code for line in found.nodes) == ["busy", "held"]


def test_a_delayed_job_says_until_when() -> None:
    core = Core()
    core.node()
    job = core.job()
    core.finish(attempt_of(job), Cause.OUTPUT)
    core.finish(attempt_of(job), Cause.OUTPUT)
    hold = explained(core, job).hold

    assert hold
    assert (hold.code, hold.until and hold.until > core.now.wall) == ("delayed", True)


def test_a_node_where_the_job_failed_is_avoided_while_a_better_one_is_busy() -> None:
    core = Core()
    small, large = core.node(vram_mb=4_000), core.node(vram_mb=4_000)
    job = core.job()
    failed_on = attempt_of(job).node_id
    core.job()
    core.report(small if small.id != failed_on else large, models=[], vram_mb=9_000)
    core.finish(attempt_of(job), Cause.OUT_OF_MEMORY)

    assert codes(core, job)[failed_on] == "avoided"
    job.retry.avoid = frozenset()
    assert codes(core, job)[failed_on] == "too_small"


def test_nodes_come_in_pages() -> None:
    core = Core()
    for _ in range(5):
        core.node(models=[])
    job, cursor = core.job(models=[a_model("nowhere")]), None
    pages: list[list[UUID]] = []
    while not pages or cursor:
        page = explained(core, job, limit=2, cursor=cursor)
        assert bool(page.obstacles) == (cursor is None)
        pages.append([line.node_id for line in page.nodes])
        cursor = page.next_cursor

    assert [len(page) for page in pages] == [2, 2, 1]
    assert sorted(node_id for page in pages for node_id in page) == sorted(core.state.nodes)


def test_a_job_that_a_node_has_says_where_it_is_to_who_may_see_nodes() -> None:
    core = Core()
    core.node(name="gpu-1")
    job = core.job()

    assert explained(core, job).message == "a server runs it: gpu-1"
    assert explained(core, job, OWNER).message == "a server runs it"
    core.cancel(job)
    found = explained(core, job, OWNER)
    assert (found.status, found.nodes) == (JobStatus.CANCELING, [])

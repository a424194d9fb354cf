from contracts.access import Actor, Priority
from contracts.agent import Cause
from contracts.scheduler.claims import NodeBeat
from contracts.scheduler.jobs import JobStatus
from contracts.values import new_id
from scheduler.domain.nodes import Node
from scheduler.domain.placement import MOST_KINDS, STARTS_BEFORE

from .core import OWNER, Core, a_model, attempt_of


def foreign_beat(node: Node, prompts: int) -> NodeBeat:
    return NodeBeat(node_id=node.id, claim=node.claim, is_reachable=True, foreign_prompts=prompts)


def test_a_job_does_not_wait_for_a_node_that_foreign_prompts_fill() -> None:
    core = Core()
    core.node()
    job = core.job()
    first = attempt_of(job)
    other = core.node()
    core.say(foreign_beat(other, other.settings.max_queue))
    core.finish(first, Cause.OUT_OF_MEMORY)

    assert attempt_of(job).node_id == first.node_id


def test_a_job_waits_for_a_better_node_no_longer_than_its_patience() -> None:
    core = Core()
    core.node()
    job = core.job()
    first = attempt_of(job)
    core.node()
    core.job()
    core.finish(first, Cause.OUT_OF_MEMORY)
    core.pass_time(599)
    assert job.status is JobStatus.QUEUED
    core.pass_time(2)

    assert attempt_of(job).node_id == first.node_id


def test_a_node_with_an_empty_queue_goes_before_a_warm_one_with_foreign_prompts() -> None:
    core, models = Core(), [a_model("a")]
    nodes = [core.node(models=models), core.node(models=models)]
    first = core.job(OWNER, models)
    warm = core.state.nodes[attempt_of(first).node_id]
    core.finish(attempt_of(first))
    core.say(foreign_beat(warm, 1))

    assert {warm.id, attempt_of(core.job(OWNER, models)).node_id} == {node.id for node in nodes}


def test_every_priority_gets_a_start_after_so_many_of_higher_ones() -> None:
    core = Core()
    core.node()
    running = core.job()
    low = {priority: core.job(priority=priority) for priority in STARTS_BEFORE}
    started: dict[Priority, int] = {}
    for number in range(40):
        core.job()
        core.finish(attempt_of(running))
        running = next(iter(core.state.attempts.values())).job
        if running.request.priority in low:
            started.setdefault(running.request.priority, number)

    assert low.keys() == started.keys()
    assert started[Priority.BATCH] == 10
    assert started[Priority.BACKGROUND] <= 33


class Counted(dict[object, frozenset[object]]):
    """Counts how often a kind is judged."""

    looks = 0

    def get(self, *key: object) -> frozenset[object] | None:  # type: ignore[override]
        self.looks += 1
        return super().get(key[0])


def test_a_step_looks_at_a_bounded_number_of_kinds_and_comes_to_each_in_turn() -> None:
    core, other = Core(), Actor(user_id=new_id())
    core.node(models=[a_model("there")])
    busy = core.job(other)
    for number in range(10 * MOST_KINDS):
        core.job(OWNER, [a_model(f"nobody has {number}")])
    runnable = core.job(OWNER, [a_model("there")])
    counted = core.state.eligibility.nodes = Counted(core.state.eligibility.nodes)  # type: ignore[assignment]
    core.finish(attempt_of(busy))
    steps = 1
    while runnable.status is JobStatus.QUEUED:
        core.say()
        steps += 1

    assert steps <= 11
    assert counted.looks <= 2 * MOST_KINDS * steps


def test_a_job_that_waits_for_a_better_node_holds_up_no_other_of_its_kind() -> None:
    core = Core()
    small = core.node()
    older = core.job()
    core.node()
    core.job()
    younger = core.job()
    core.finish(attempt_of(older), Cause.OUT_OF_MEMORY)
    core.pass_time(500)
    core.finish(attempt_of(younger), Cause.OUT_OF_MEMORY)
    core.pass_time(110)

    assert attempt_of(older).node_id == small.id
    assert younger.attempt is None

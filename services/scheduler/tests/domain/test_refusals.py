"""A doubtful value is tried once on servers of one kind; the scheduler remembers the answer."""

from contracts.agent import AttemptEnd, Cause, FinishAttempt, Outcome
from contracts.errors import InvalidError
from contracts.scheduler.job_requests import Incompatible, Requirements
from contracts.scheduler.jobs import JobError, JobStatus
from contracts.values import Unmet
from scheduler.domain.jobs import Job
from scheduler.domain.nodes import Node
from scheduler.domain.refusals import REFUSAL_SECONDS, REFUSALS_KEPT

from .core import Core, a_submit, attempt_of

REASON = "Input mode of Paint: its value is none of the server's choices."


def a_doubt(value: str, *nodes: Node) -> Requirements:
    """Return the requirements of a job whose value these nodes' servers may refuse."""
    unmet = Unmet(
        kind="choice",
        name=f"mode: {value}",
        graph_node="3",
        graph_node_class="Paint",
        input="mode",
        value=value,
        field="inputs.mode",
        message="the server does not offer it",
    )
    digests = frozenset(node.capabilities.digest for node in nodes)
    return Requirements(doubtful=(Incompatible(digests=digests, unmet=(unmet,)),))


def refuse(core: Core, job: Job) -> None:
    """Have the node of the job's attempt report that its engine refused the value."""
    attempt = attempt_of(job)
    node = core.state.nodes[attempt.node_id]
    error = JobError(code="graph_refused", message=REASON, graph_node="3", graph_node_class="Paint")
    end = AttemptEnd(
        outcome=Outcome.FAILED, cause=Cause.WORKFLOW, error=error, refused_input="mode"
    )
    core.ask(FinishAttempt(node_id=node.id, claim=node.claim, attempt_id=attempt.id, end=end))


def test_a_refused_value_goes_to_another_server_and_the_next_one_goes_there_at_once() -> None:
    core = Core()
    first, second = core.node(priority=1), core.node()
    required = a_doubt("odd", first, second)
    job = core.job(requirements=required)
    assert attempt_of(job).node_id == first.id

    refuse(core, job)
    assert attempt_of(job).node_id == second.id
    core.finish(attempt_of(job))
    assert job.status is JobStatus.COMPLETED

    again = core.job(requirements=required)
    assert attempt_of(again).node_id == second.id
    assert again.attempt_count == 1
    other = core.job(requirements=a_doubt("fine", first, second))
    assert attempt_of(other).node_id == first.id


def test_a_value_that_each_server_refused_is_refused_with_the_servers_reason() -> None:
    core = Core()
    node = core.node()
    job = core.job(requirements=a_doubt("odd", node))
    refuse(core, job)
    assert job.status is JobStatus.FAILED
    assert job.end.error
    assert job.end.error.message == REASON

    answer = core.ask(a_submit(requirements=a_doubt("odd", node)))

    assert isinstance(answer, InvalidError)
    assert [(error.path, error.message) for error in answer.errors] == [("inputs.mode", REASON)]
    assert not core.state.jobs


def test_a_refusal_is_forgotten_after_an_hour_and_with_another_description() -> None:
    core = Core()
    node = core.node()
    refuse(core, core.job(requirements=a_doubt("odd", node)))
    core.report(node, models=(), vram_mb=8_000)
    assert core.job(requirements=a_doubt("odd", node)).status is JobStatus.RUNNING

    core = Core()
    node = core.node()
    refuse(core, core.job(requirements=a_doubt("odd", node)))
    core.state.clock.now += REFUSAL_SECONDS
    assert core.job(requirements=a_doubt("odd", node)).status is JobStatus.RUNNING


def test_as_many_refusals_are_kept_as_bounded() -> None:
    core = Core()
    node = core.node()
    for number in range(REFUSALS_KEPT + 3):
        key = (node.capabilities.digest, "Paint", "mode", f"{number}")
        core.state.refused_values[key] = (REFUSAL_SECONDS, REASON)
        if len(core.state.refused_values) >= REFUSALS_KEPT:
            break
    refuse(core, core.job(requirements=a_doubt("odd", node)))

    assert len(core.state.refused_values) == REFUSALS_KEPT
    assert (node.capabilities.digest, "Paint", "mode", "odd") in core.state.refused_values


def test_a_value_without_a_doubt_is_the_workflows_fault_and_not_remembered() -> None:
    core = Core()
    core.node()
    core.node()
    job = core.job()
    refuse(core, job)

    assert job.status is JobStatus.FAILED
    assert not core.state.refused_values

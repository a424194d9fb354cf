import pytest

from contracts.agent import AttemptEnd, Cause, FinishAttempt, Outcome
from contracts.errors import UnavailableError
from contracts.scheduler.claims import ClaimNode
from contracts.scheduler.jobs import JobStatus
from contracts.values import new_id
from scheduler.domain.occurrences import ClockTicked
from scheduler.domain.retry import TABLE, delay
from scheduler.domain.views import current_view

from .core import Core, attempt_of

LIMITS = {
    Cause.UNREACHABLE: 10,
    Cause.OUT_OF_MEMORY: 2,
    Cause.WORKFLOW: 1,
    Cause.TIMEOUT: 1,
    Cause.POISON: 2,
    Cause.STOPPED: 2,
    Cause.OUTPUT: 3,
    Cause.INPUT: 3,
    Cause.UNAVAILABLE: 32,
}


@pytest.mark.parametrize("cause", LIMITS)
def test_a_job_fails_after_as_many_failures_as_its_cause_allows(cause: Cause) -> None:
    core = Core()
    core.node()
    core.node()
    job = core.job()
    tries = 1
    while core.fail(job, cause) is not JobStatus.FAILED:
        tries += 1

    assert tries == LIMITS[cause]
    assert job.end.error


def test_a_job_may_ask_for_fewer_attempts() -> None:
    core = Core()
    core.node()
    job = core.job(max_attempts=1)

    assert core.fail(job, Cause.LOST) is JobStatus.FAILED


def test_a_lost_job_goes_to_another_node_at_once() -> None:
    core = Core()
    nodes = {core.node().id, core.node().id}
    job = core.job()
    first = attempt_of(job)
    core.say(core.beat(core.state.nodes[first.node_id]))
    core.finish(first, Cause.LOST)

    assert {first.node_id, attempt_of(job).node_id} == nodes
    assert job.retry.strikes == {Cause.POISON: 1}


def test_out_of_memory_goes_to_a_larger_node_even_if_that_is_busy_now() -> None:
    core = Core()
    small = core.node(vram_mb=8_000)
    job = core.job()
    large = core.node(vram_mb=24_000)
    other = core.job()
    assert attempt_of(job).node_id == small.id
    core.finish(attempt_of(job), Cause.OUT_OF_MEMORY)
    assert job.status is JobStatus.QUEUED
    core.finish(attempt_of(other))

    assert attempt_of(job).node_id == large.id


def test_out_of_memory_goes_to_an_equal_node_before_it_comes_back() -> None:
    core = Core()
    nodes = {core.node().id, core.node().id}
    job, other = core.job(), core.job()
    first = attempt_of(job)
    core.finish(first, Cause.OUT_OF_MEMORY)
    assert job.status is JobStatus.QUEUED
    core.finish(attempt_of(other))

    assert {first.node_id, attempt_of(job).node_id} == nodes


def test_out_of_memory_waits_for_a_larger_node_beside_an_equal_one_that_is_free() -> None:
    core = Core()
    core.node(vram_mb=8_000)
    job = core.job()
    large = core.node(vram_mb=24_000)
    other = core.job()
    core.node(vram_mb=8_000)
    core.finish(attempt_of(job), Cause.OUT_OF_MEMORY)
    assert job.status is JobStatus.QUEUED
    core.finish(attempt_of(other))

    assert attempt_of(job).node_id == large.id


def test_out_of_memory_comes_back_to_the_only_node() -> None:
    core = Core()
    core.node()
    job = core.job()
    core.finish(attempt_of(job), Cause.OUT_OF_MEMORY)

    assert job.status is JobStatus.RUNNING


def test_a_missing_model_corrects_what_the_node_is_thought_to_have() -> None:
    core = Core()
    wrong, right = core.node(priority=1), core.node()
    job = core.job()
    core.finish(attempt_of(job), Cause.MISSING)

    assert attempt_of(job).node_id == right.id
    assert job.retry.refused_by == {(wrong.id, wrong.capabilities.digest)}


def test_only_the_first_report_counts() -> None:
    core = Core()
    core.node()
    job = core.job()
    attempt = attempt_of(job)
    core.finish(attempt)
    core.finish(attempt, Cause.WORKFLOW)

    assert job.status is JobStatus.COMPLETED
    assert not core.effects.needs_commit


def test_a_report_of_an_older_claim_is_refused() -> None:
    core = Core()
    core.node()
    job = core.job()
    attempt = attempt_of(job)
    node = core.state.nodes[attempt.node_id]
    end = AttemptEnd(outcome=Outcome.COMPLETED)
    report = FinishAttempt(node_id=node.id, claim=node.claim, attempt_id=attempt.id, end=end)
    core.pass_time(1)
    core.silent.add(node.id)
    core.pass_time(22)
    core.ask(ClaimNode(agent_id=new_id(), node_id=node.id))

    assert core.refusal(report) == "stale_claim"
    assert job.status is JobStatus.RUNNING


def test_a_refused_order_is_placed_elsewhere_and_the_node_rests() -> None:
    core = Core()
    core.node()
    core.node()
    job = core.job()
    first = attempt_of(job)
    core.say(core.order_answer(first, UnavailableError("no room")))

    assert attempt_of(job).node_id != first.node_id
    assert core.state.nodes[first.node_id].rests_until > core.seconds


def test_an_attempt_that_never_ends_is_ended_long_after_its_timeout() -> None:
    core = Core()
    node = core.node()
    job = core.job(timeout_seconds=10.0)
    attempt_of(job).asked_at = -3_610.0
    core.say(core.beat(node), ClockTicked())
    assert job.status is JobStatus.RUNNING, "it may wait, run and upload for so long"
    attempt_of(job).asked_at = -3_630.0
    core.say(core.beat(node), ClockTicked())

    assert job.status is JobStatus.FAILED
    assert job.end.error
    assert job.end.error.cause == Cause.TIMEOUT


def test_a_job_waits_for_what_cannot_be_read_and_says_so() -> None:
    """The bucket of versions was lost: no try of the job is used up, no node is to blame."""
    core = Core()
    node = core.node()
    job, told = core.job(max_attempts=1), None
    for _ in range(3):
        core.finish(attempt_of(job), Cause.UNAVAILABLE)
        told = current_view(core.read_context(), job.id).reason
        core.pass_time(5)

    assert told == "waits until its workflow version and its input files can be read"
    assert job.status is JobStatus.RUNNING
    assert not node.health.is_quarantined
    core.finish(attempt_of(job))
    assert job.status is JobStatus.COMPLETED


def test_what_cannot_be_read_is_waited_for_at_least_ten_minutes() -> None:
    row = TABLE[Cause.UNAVAILABLE]

    assert sum(delay(row, count) for count in range(1, row.limit)) > 600

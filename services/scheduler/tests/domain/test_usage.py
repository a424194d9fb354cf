"""Each end of a job and of an attempt adds once to the sums, under what it was."""

from math import inf, nan

import pytest

from contracts.agent import AttemptEnd, Cause, FinishAttempt, Outcome
from contracts.errors import UnavailableError
from contracts.scheduler.claims import AttemptPhase, BeatAttempt
from contracts.scheduler.node_requests import RemoveNode
from contracts.scheduler.timings import Timings
from scheduler.domain.jobs import Attempt
from scheduler.domain.usage import NO_NODE, Usage, UsageKey

from .core import BEGIN, OWNER, Core, attempt_of

DAY = BEGIN.date()


def key(outcome: str, attempt: Attempt | None = None) -> UsageKey:
    node_id = attempt.node_id if attempt else NO_NODE
    return UsageKey(DAY, OWNER.user_id, "w@1", node_id, outcome)


def report(core: Core, attempt: Attempt, outcome: Outcome, seconds: float | None) -> FinishAttempt:
    node = core.state.nodes[attempt.node_id]
    cause = Cause.WORKFLOW if outcome is Outcome.FAILED else None
    end = AttemptEnd(outcome=outcome, cause=cause, executed_seconds=seconds)
    return FinishAttempt(node_id=node.id, claim=node.claim, attempt_id=attempt.id, end=end)


def beat_with_seconds(core: Core, attempt: Attempt, seconds: float | None) -> None:
    beat = core.beat(core.state.nodes[attempt.node_id])
    item = BeatAttempt(
        attempt_id=attempt.id, phase=AttemptPhase.POSTED, executed_seconds=seconds, has_begun=True
    )
    core.say(beat.model_copy(update={"attempts": [item]}))


@pytest.mark.parametrize("outcome", [Outcome.COMPLETED, Outcome.FAILED])
def test_a_report_counts_the_attempt_and_the_job_that_ends_with_it(outcome: Outcome) -> None:
    core = Core()
    core.node()
    attempt = attempt_of(core.job())
    told = report(core, attempt, outcome, 2.5)
    core.ask(told)

    assert core.effects.usage == {key(outcome, attempt): Usage(1, 1, 0, 2.5)}
    core.ask(told)
    assert not core.effects.usage, "the report came twice"


def test_a_failed_attempt_of_a_job_that_goes_on_counts_without_a_job() -> None:
    core = Core()
    core.node()
    core.node()
    job = core.job()
    first = attempt_of(job)
    core.finish(first, Cause.NODE_FAULT)

    assert attempt_of(job) is not first
    assert core.effects.usage == {key("failed", first): Usage(0, 1, 0, 2.0)}


def test_a_job_canceled_while_it_ran_counts_once_it_has_stopped() -> None:
    core = Core()
    core.node()
    job = core.job()
    attempt = attempt_of(job)
    core.cancel(job)
    assert not core.effects.usage
    core.ask(report(core, attempt, Outcome.CANCELED, 1.5))

    assert core.effects.usage == {key("canceled", attempt): Usage(1, 1, 0, 1.5)}


def test_a_job_canceled_while_it_waited_counts_at_no_node() -> None:
    core = Core()
    core.cancel(core.job())

    assert core.effects.usage == {key("canceled"): Usage(job_count=1)}


def test_a_lost_attempt_counts_until_its_last_beat() -> None:
    core = Core()
    node = core.node()
    attempt = attempt_of(core.job(max_attempts=1))
    beat_with_seconds(core, attempt, 7.0)
    core.silent.add(node.id)
    core.pass_time(29)
    assert not core.effects.usage
    told: dict[UsageKey, Usage] = {}
    while not told:
        core.pass_time(0.5)
        told = core.effects.usage

    assert told == {
        key("lost", attempt): Usage(0, 1, 0, 7.0),
        key("failed", attempt): Usage(job_count=1),
    }


def test_the_time_of_a_beat_whose_server_did_not_answer_does_not_count() -> None:
    core = Core()
    core.node()
    attempt = attempt_of(core.job())
    beat_with_seconds(core, attempt, 3.0)
    beat = core.beat(core.state.nodes[attempt.node_id])
    item = BeatAttempt(attempt_id=attempt.id, phase=AttemptPhase.POSTED, executed_seconds=20.0)
    core.say(beat.model_copy(update={"attempts": [item], "is_reachable": False}))

    assert attempt.executed_seconds == 3.0


def test_an_attempt_whose_time_nobody_knows_counts_as_unmeasured() -> None:
    core = Core()
    node = core.node()
    attempt = attempt_of(core.job())
    core.say(core.beat(node))
    core.ask(RemoveNode(actor=OWNER, node_id=node.id))

    assert core.effects.usage == {key("lost", attempt): Usage(0, 1, 1, 0.0)}


def test_a_recorded_result_whose_execution_nobody_saw_counts_as_unmeasured() -> None:
    core = Core()
    core.node()
    attempt = attempt_of(core.job())
    core.ask(report(core, attempt, Outcome.COMPLETED, None))

    assert core.effects.usage == {key("completed", attempt): Usage(1, 1, 1, 0.0)}


def test_what_no_engine_executed_does_not_count() -> None:
    core = Core()
    core.node()
    attempt = attempt_of(core.job())
    core.say(core.order_answer(attempt, UnavailableError("no room")))

    assert not core.effects.usage


def test_a_job_that_expires_while_it_runs_counts_as_expired() -> None:
    core = Core()
    core.node()
    attempt = attempt_of(core.job(deadline=BEGIN.replace(minute=1)))
    beat_with_seconds(core, attempt, 4.0)
    usage: dict[UsageKey, Usage] = {}
    while not usage:
        core.pass_time(0.5)
        usage = core.effects.usage

    assert usage == {key("expired", attempt): Usage(1, 1, 0, 4.0)}
    core.ask(report(core, attempt, Outcome.CANCELED, 5.0))
    assert not core.effects.usage, "the job had ended"


@pytest.mark.parametrize(
    ("reported", "counted"), [(nan, 0.0), (inf, 0.0), (-1.0, 0.0), (1e9, 3_620.0)]
)
def test_a_time_that_cannot_be_is_not_believed(reported: float, counted: float) -> None:
    core = Core()
    core.node()
    attempt = attempt_of(core.job(timeout_seconds=10.0))
    core.ask(report(core, attempt, Outcome.COMPLETED, reported))

    [usage] = core.effects.usage.values()
    assert usage.executed_seconds == counted


def test_the_time_of_loading_models_counts_where_it_is_known() -> None:
    core = Core()
    core.node()
    attempt = attempt_of(core.job())
    told = report(core, attempt, Outcome.COMPLETED, 2.5)
    timings = Timings(graph_nodes=[], graph_node_count=0, is_whole=True, load_seconds=9.0)
    core.ask(told.model_copy(update={"end": told.end.model_copy(update={"timings": timings})}))

    assert core.effects.usage == {key("completed", attempt): Usage(1, 1, 0, 2.5, 1, 2.5)}


def test_ends_of_one_step_add_up() -> None:
    core = Core()
    waiting = [core.job() for _ in range(3)]
    for job in waiting:
        job.request = job.request.model_copy(update={"deadline": BEGIN})
        core.state.deadlines.append((BEGIN, job.id))
    core.pass_time(0.5)

    assert core.effects.usage == {key("expired"): Usage(job_count=3)}


def test_raw_graphs_share_one_sum() -> None:
    core = Core()
    core.node()
    for seed in "12":
        attempt = attempt_of(core.job(workflow=f"graph@{seed * 64}"))
        core.ask(report(core, attempt, Outcome.COMPLETED, 2.5))

        expected = key("completed", attempt)._replace(workflow="graph")
        assert core.effects.usage == {expected: Usage(1, 1, 0, 2.5)}

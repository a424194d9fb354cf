"""The status of a job that waits on its server behind work that is not ours."""

from datetime import timedelta

import pytest

from contracts.scheduler.claims import AttemptPhase, BeatAttempt, NodeBeat
from contracts.scheduler.jobs import JobStatus
from scheduler.domain.forecast import complete_view, forecast
from scheduler.domain.jobs import Job
from scheduler.domain.nodes import Node
from scheduler.domain.views import current_view, job_view

from .core import BEGIN, Core, a_model, attempt_of

PENDING = "waits on its server behind other work"


def beat_of(node: Node, *, is_pending: bool = False, has_begun: bool = False) -> NodeBeat:
    """Beat of a node with a foreign prompt that tells this much of its attempts."""
    attempts = [
        BeatAttempt(
            attempt_id=id_,
            phase=AttemptPhase.POSTED,
            is_pending=is_pending,
            has_begun=has_begun,
        )
        for id_ in node.attempts
    ]
    return NodeBeat(
        node_id=node.id,
        claim=node.claim,
        is_reachable=True,
        foreign_prompts=1,
        attempts=attempts,
    )


def a_job_behind_foreign_work(core: Core) -> tuple[Job, Node]:
    node = core.node()
    core.say(beat_of(node))
    return core.job(), node


def events(core: Core) -> list[str]:
    return [type(fact).__name__ for fact in core.effects.events]


def test_a_job_on_a_server_with_other_work_is_queued_until_the_engine_begins_with_it() -> None:
    core = Core()
    job, node = a_job_behind_foreign_work(core)
    assert (job.status, events(core)) == (JobStatus.QUEUED, ["JobQueued"])
    for is_pending in (False, True):
        core.say(beat_of(node, is_pending=is_pending))
        assert (job.status, events(core)) == (JobStatus.QUEUED, [])
    core.say(beat_of(node, has_begun=True))

    assert (job.status, events(core)) == (JobStatus.RUNNING, ["JobStarted"])
    assert attempt_of(job).node_id == node.id
    assert job.started_at == core.now.wall


def test_a_running_job_whose_server_has_other_work_first_is_queued_again_and_says_why() -> None:
    core = Core()
    node = core.node()
    job = core.job()
    assert job.status is JobStatus.RUNNING
    core.say(beat_of(node, is_pending=True))

    assert (job.status, events(core)) == (JobStatus.QUEUED, ["JobRequeued"])
    assert current_view(core.read_context(), job.id).reason == PENDING
    view = complete_view(core.read_context(), job_view(job), forecast(core.state))
    assert (view.reason, view.queue_position, view.is_runnable) == (PENDING, None, True)
    assert not core.state.queued_by_owner, "it waits for no node"


def test_a_job_of_which_no_beat_told_has_begun_before_it_is_completed() -> None:
    core = Core()
    job, _ = a_job_behind_foreign_work(core)
    core.finish(attempt_of(job))

    assert events(core) == ["JobStarted", "JobCompleted"]
    assert job.started_at


def test_a_job_that_waits_on_its_server_is_canceled_there() -> None:
    core = Core()
    job, _ = a_job_behind_foreign_work(core)
    attempt = attempt_of(job)
    core.cancel(job)

    assert job.status is JobStatus.CANCELING
    assert [recall.attempt_id for recall in core.effects.recalls] == [attempt.id]


def test_each_waiting_job_gives_a_reason() -> None:
    core = Core()
    first, second = core.job(), core.job()

    def reasons() -> list[str | None]:
        return [current_view(core.read_context(), job.id).reason for job in (first, second)]

    told = [reasons()]
    node = core.node()
    told.append(reasons())
    core.silent.add(node.id)
    core.pass_time(20)
    told.append(reasons())

    away = "no server that can run it is in service"
    assert told == [
        ["no server can run it"] * 2,
        [None, "every server that can run it is busy"],
        [away, away],
    ]


def test_a_job_that_no_node_can_run_has_no_place_and_moves_no_other_one() -> None:
    core = Core()
    core.node()
    core.job()
    stuck = core.job(models=[a_model("nowhere")])
    waiting = core.job()

    positions = forecast(core.state).positions
    assert (positions.get(stuck.id), positions.get(waiting.id)) == (None, 1)


def test_nobody_says_when_a_job_ends_that_takes_longer_than_usual() -> None:
    core = Core()
    core.node()
    job = core.job()
    core.state.mean_seconds[job.request.version_hash] = 60.0
    waiting = core.job()
    told: list[float | None] = []
    for seconds in (20, 50):
        core.pass_time(seconds)
        told.append(forecast(core.state).etas.get(job.id))

    assert told == [pytest.approx(40, abs=1), None]
    assert forecast(core.state).etas[waiting.id] == pytest.approx(60)


def test_an_expired_job_says_for_what_it_waited() -> None:
    core = Core()
    core.node()
    job = core.job(models=[a_model("nowhere")], deadline=BEGIN + timedelta(seconds=3))
    core.pass_time(5)

    assert job.status is JobStatus.EXPIRED
    assert job.end.error
    assert job.end.error.message.endswith(
        "no server can run it; the best lacks checkpoints/nowhere"
    )

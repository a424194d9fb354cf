"""A paused dispatch places nothing, and lets everything that runs go on."""

from typing import Any

from contracts.agent import Cause
from contracts.scheduler.dispatch import DispatchView, PauseDispatch, ResumeDispatch
from contracts.scheduler.jobs import JobStatus
from scheduler.domain.views import current_view

from .core import OWNER, Core, attempt_of
from .node_verbs import events
from .test_explanation import explained


def ask(core: Core, command: PauseDispatch | ResumeDispatch) -> DispatchView:
    view: Any = core.ask(command)
    assert isinstance(view, DispatchView), view
    return view


def pause(core: Core, reason: str | None = None) -> DispatchView:
    return ask(core, PauseDispatch(actor=OWNER, reason=reason))


def resume(core: Core) -> DispatchView:
    return ask(core, ResumeDispatch(actor=OWNER))


def test_nothing_is_placed_until_the_dispatch_is_resumed() -> None:
    core = Core()
    core.node()
    running = core.job()
    view = pause(core, "a power cut is near")
    assert (events(core), core.effects.recalls) == (["DispatchPaused"], [])
    core.node()
    waiting = core.job()
    core.finish(attempt_of(running))
    core.pass_time(30)

    assert (view.is_paused, view.paused_by) == (True, OWNER.user_id)
    assert (running.status, waiting.status) == (JobStatus.COMPLETED, JobStatus.QUEUED)
    resume(core)
    assert "DispatchResumed" in events(core)
    assert waiting.status is JobStatus.RUNNING


def test_a_failed_attempt_waits_too() -> None:
    core = Core()
    core.node()
    core.node()
    job = core.job()
    pause(core)
    core.finish(attempt_of(job), Cause.LOST)
    core.pass_time(60)

    assert job.attempt is None
    resume(core)
    core.pass_time(60)
    assert job.attempt is not None


def test_a_waiting_job_says_why() -> None:
    core = Core()
    core.node()
    pause(core)
    job = core.job()

    explanation = explained(core, job)

    assert explanation.hold is not None
    assert explanation.hold.code == "dispatch_paused"
    assert [line.code for line in explanation.nodes] == ["held"]
    view = current_view(core.read_context(), job.id)
    assert view.reason == "an operator has paused the dispatch"


def test_repetitions_change_nothing_and_the_first_reason_counts() -> None:
    core = Core()
    resume(core)
    assert not core.effects.events
    first = pause(core, "first")
    assert pause(core, "second") == first
    assert not core.effects.events
    assert resume(core) == DispatchView(is_paused=False)
    assert core.state.dispatch.version == 2

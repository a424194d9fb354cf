"""Decides whether waiting jobs get nodes: an operator pauses the dispatch and resumes it.

Nothing that runs is interrupted, and new jobs are accepted. The pause is a row, so a new leader
keeps to it.
"""

from typing import Any

from contracts.scheduler.dispatch import (
    DispatchEvent,
    DispatchPaused,
    DispatchResumed,
    DispatchView,
    PauseDispatch,
    ResumeDispatch,
)
from scheduler.domain.context import StepContext
from scheduler.domain.state import Dispatch


def pause_dispatch(context: StepContext, command: PauseDispatch) -> DispatchView:
    """Place nothing from now on; the first reason counts until the dispatch is resumed."""
    before = context.state.dispatch
    if not before.is_paused:
        pause = {"paused_by": command.actor.user_id, "paused_at": context.now.wall}
        change(context, command, DispatchPaused, **pause, reason=command.reason)
    return dispatch_view(context.state.dispatch)


def resume_dispatch(context: StepContext, command: ResumeDispatch) -> DispatchView:
    if context.state.dispatch.is_paused:
        change(context, command, DispatchResumed)
    return dispatch_view(context.state.dispatch)


def change(
    context: StepContext,
    command: PauseDispatch | ResumeDispatch,
    event: type[DispatchEvent],
    **pause: Any,
) -> None:
    """Give the dispatch its next version, and add an event under it."""
    dispatch = Dispatch(context.state.dispatch.version + 1, **pause)
    context.state.dispatch = context.effects.dispatch = dispatch
    context.effects.events.append(
        event(
            version=dispatch.version,
            occurred_at=context.now.wall,
            user_id=command.actor.user_id,
            reason=dispatch.reason,
        )
    )


def dispatch_view(dispatch: Dispatch) -> DispatchView:
    return DispatchView(
        is_paused=dispatch.is_paused,
        paused_by=dispatch.paused_by,
        paused_at=dispatch.paused_at,
        reason=dispatch.reason,
    )

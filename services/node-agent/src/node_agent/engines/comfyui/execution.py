"""Follows a prompt from its POST to its end.

Events are hints; `/history` decides, then `/queue` (docs/decisions/0005).
"""

from collections.abc import Sequence
from time import monotonic
from typing import Any

import structlog

from contracts.agent import Cause
from node_agent.domain.endings import AttemptEndedError, failed_error
from node_agent.engines.comfyui.http import ComfyHttp
from node_agent.engines.comfyui.memory import free
from node_agent.engines.comfyui.outcome import executed_between, failure_in
from node_agent.engines.comfyui.outputs import ReportedFile, results, sources
from node_agent.engines.comfyui.outputs_ownership import Ownership, written_elsewhere
from node_agent.engines.comfyui.prompts import prefix_of, take_back
from node_agent.engines.comfyui.session import PROBE_SECONDS, Prompt, Session
from node_agent.ports import EngineFile, Execution, UnreachableError
from runtime.wait import wait_for
from workflows import Spec
from workflows.json_values import as_object

log = structlog.get_logger()


async def follow(session: Session, prompt: Prompt) -> Execution:
    """Wait for its end; raises AttemptEndedError if it did not succeed."""
    entry = await entry_of(session, prompt)
    prompt.task.stopwatch.stop()
    prompt.task.stopwatch.correct(executed_between(entry)[1])
    session.ended[prompt.id] = None
    failure = failure_in(entry)
    if failure is None:
        return await execution_of(session.http, prompt.id, entry)
    if failure.cause is Cause.OUT_OF_MEMORY:
        await free(session)
    raise AttemptEndedError(failure)


async def execution_of(http: ComfyHttp, prompt_id: str, entry: dict[str, Any]) -> Execution:
    produced, meta = as_object(entry.get("outputs")), as_object(entry.get("meta"))
    began, seconds = executed_between(entry)
    own = Ownership(prefix_of(prompt_id), began, seconds)
    elsewhere = await written_elsewhere(http, own, produced)

    def is_own(file: ReportedFile) -> bool:
        return own.is_placed(file) or file in elsewhere

    def named(spec: Spec) -> Sequence[EngineFile]:
        return results(sources(spec, produced), produced, meta, is_own)

    return Execution(named)


async def entry_of(session: Session, prompt: Prompt) -> dict[str, Any]:
    since, was_running = monotonic(), False
    if prompt.client_id is not None and prompt.client_id == session.client_id:
        # the open connection will tell its end: no need to ask before
        await wait_for(prompt.stirred, PROBE_SECONDS)
    while True:
        prompt.stirred.clear()
        if (entry := await look(session, prompt)) is not None:
            return entry
        if prompt.is_running and not was_running:
            since, was_running = monotonic(), True
        if reason := why_stop(session, prompt, since):
            if not await take_back(session, prompt.id):
                log.warning("prompt_not_stopped")
            raise reason
        await wait_for(prompt.stirred, PROBE_SECONDS)


async def look(session: Session, prompt: Prompt) -> dict[str, Any] | None:
    """Return the entry, or None while ComfyUI has the prompt, or cannot be asked."""
    try:
        entry = await session.http.history(prompt.id)
        if entry is not None:
            return entry
        queue = await session.http.queue()
        if prompt.id in queue:
            if prompt.id in queue.running:
                prompt.is_running = True
                prompt.task.stopwatch.begin(is_late=True)
            return None
        entry = await session.http.history(prompt.id)  # it may have ended between the two
    except UnreachableError:
        return None
    if entry is None:
        raise failed_error(
            Cause.LOST, "prompt_lost", "ComfyUI forgot the prompt: it was restarted."
        )
    return entry


def why_stop(session: Session, prompt: Prompt, since: float) -> AttemptEndedError | None:
    seconds = prompt.task.timeout_seconds
    if monotonic() - since > seconds:
        if prompt.is_running:
            text = f"The attempt ran longer than {seconds:g} s."
            return failed_error(Cause.TIMEOUT, "attempt_timeout", text)
        return failed_error(Cause.UNREACHABLE, "never_started", "Other prompts kept the node busy.")
    if session.is_dead and not prompt.has_worked:
        text = "ComfyUI's worker is dead: the prompt never started."
        return failed_error(Cause.NODE_FAULT, "worker_dead", text)
    return None

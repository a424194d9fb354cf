"""Posts a graph to ComfyUI exactly once, even if answers get lost, and removes it again."""

import asyncio
import contextlib
from collections.abc import Mapping
from time import monotonic
from typing import Any

import stamina

from contracts.agent import Cause
from contracts.errors import InvalidError
from node_agent.domain.endings import AttemptEndedError, InputsLostError, failed_error
from node_agent.engines.comfyui.http import NODE_KEY, RefusedPromptError, Submitted
from node_agent.engines.comfyui.outcome import presentable
from node_agent.engines.comfyui.rejection import lacks_input_file, rejection
from node_agent.engines.comfyui.session import Prompt, Session
from node_agent.ports import EngineWork, UnreachableError, Version
from workflows import render, seal
from workflows.compatibility.releases import OLDEST_COMFYUI_TEXT
from workflows.convert import with_run

TRIES = 5
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 4.0
"""Pauses between tries, 7.5 s in all, without the timeouts themselves."""
CANCEL_SECONDS = 30.0
"""An interrupt waits for the running graph node. After this time the slot is released."""
CANCEL_PAUSE, LONGEST_CANCEL_PAUSE = 0.2, 2.0


def sealed(
    prompt_id: str,
    version: Version,
    inputs: Mapping[str, Any],
    files: Mapping[str, str],
    separator: str,
) -> EngineWork:
    """Return the graph as it may be posted, and the editor's file with the values of this run.

    Raises AttemptEndedError if the inputs do not belong to it.
    """
    file, spec = version.editor_file, version.spec
    try:
        graph = render(version.graph, spec, inputs, files)
        shown = with_run(file, spec, graph) if file else None
        return EngineWork(seal(graph, prefix_of(prompt_id), separator), shown)
    except InvalidError as error:
        detail = "; ".join(f"{e.path}: {e.message}" for e in error.errors[:3])
        text = presentable(f"{error.message} {detail}".strip())
        raise failed_error(Cause.WORKFLOW, "graph_refused", text) from error
    except (KeyError, TypeError, ValueError, IndexError) as error:
        # the gateway validated these inputs, so version and inputs do not belong together
        text = "The inputs do not fit the workflow version."
        raise failed_error(Cause.WORKFLOW, "inputs_refused", text) from error


def prefix_of(prompt_id: str) -> str:
    """Folder of everything that the attempt writes on the server."""
    return f"cf/{prompt_id}"


async def post(session: Session, prompt: Prompt, work: EngineWork) -> None:
    """Return once ComfyUI has the prompt."""
    try:
        await submit(session, prompt, work)
    except RefusedPromptError as error:
        end = rejection(error.status, error.answer)
        if lacks_input_file(error.answer):
            session.inputs.doubt()
            raise InputsLostError(end) from error
        raise AttemptEndedError(end) from error


async def submit(session: Session, prompt: Prompt, work: EngineWork) -> None:
    try:
        async for one_try in stamina.retry_context(
            UnreachableError,
            attempts=TRIES,
            timeout=None,
            wait_initial=FIRST_PAUSE,
            wait_max=LONGEST_PAUSE,
            wait_jitter=0,
        ):
            with one_try:
                if one_try.num > 1 and await is_known(session, prompt.id):
                    return
                prompt.client_id = session.client_id
                if taken := await send(session, prompt, work):
                    await check(session, prompt, taken)
    except UnreachableError as error:
        text = "ComfyUI did not take the prompt."
        raise failed_error(Cause.UNREACHABLE, "unreachable", text) from error


async def send(session: Session, prompt: Prompt, work: EngineWork) -> Submitted | None:
    """Return the answer; None if ComfyUI took the prompt and failed to say so.

    It fails on a graph that it cannot read (a class that it replaced, without `_meta`), and would
    fail again on each repeat.
    """
    try:
        return await send_shielded(session, prompt, work)
    except RefusedPromptError as error:
        if error.is_certain or not await is_known(session, prompt.id):
            raise
        return None


async def send_shielded(session: Session, prompt: Prompt, work: EngineWork) -> Submitted:
    """A POST goes on when its run is canceled: `take_back` waits for it before it looks."""
    pending_post = asyncio.create_task(session.http.submit(body_of(session, prompt, work)))
    session.posts[prompt.id] = pending_post
    pending_post.add_done_callback(lambda _: session.posts.pop(prompt.id, None))
    return await asyncio.shield(pending_post)


async def is_known(session: Session, prompt_id: str) -> bool:
    """Return whether a POST without an answer did arrive: a repeated id would run again."""
    if prompt_id in await session.http.queue():
        return True
    return await session.http.history(prompt_id) is not None


def body_of(session: Session, prompt: Prompt, work: EngineWork) -> dict[str, Any]:
    """Send only the graph of the user; other keys of this request can crash the server.

    Previews are asked for always: a client may begin to watch after the POST, and ComfyUI cannot
    be asked later. Until somebody watches, the cheapest method will do. Savers write the editor's
    file into their results, where the editor finds the layout.
    """
    method = "auto" if prompt.task.is_watched() else "latent2rgb"
    extra: dict[str, Any] = {NODE_KEY: str(session.entry.node_id), "preview_method": method}
    if work.editor_file:
        extra["extra_pnginfo"] = {"workflow": work.editor_file}
    return {
        "prompt": work.graph,
        "prompt_id": prompt.id,
        "client_id": prompt.client_id or prompt.id,
        "extra_data": extra,
    }


async def check(session: Session, prompt: Prompt, taken: Submitted) -> None:
    """Check the answer: even after 200 ComfyUI may skip outputs or use another id."""
    if taken.prompt_id != prompt.id:
        await take_back(session, taken.prompt_id)
        text = f"It chooses prompt ids itself: ComfyUI {OLDEST_COMFYUI_TEXT} or later is needed."
        raise failed_error(Cause.NODE_FAULT, "comfyui_too_old", text)
    if taken.node_errors:
        await take_back(session, prompt.id)
        raise AttemptEndedError(rejection(200, {"node_errors": taken.node_errors}))


async def take_back(session: Session, prompt_id: str) -> bool:
    """Delete, interrupt, then look, until it is neither pending nor running.

    Returns False if it did not stop in time.

    An interrupt between pending and running is lost (measured right after the POST: 1 of 100 in
    ComfyUI 0.8, 50 of 100 in 0.33), and a graph node that blocks runs to its end.
    """
    session.leftovers[prompt_id] = None
    if pending_post := session.posts.get(prompt_id):
        await asyncio.wait({pending_post})
    deadline = monotonic() + CANCEL_SECONDS
    pause = CANCEL_PAUSE
    while monotonic() < deadline:
        if session.is_dead:
            return False  # a dead worker gives nothing back, and nothing runs
        with contextlib.suppress(UnreachableError):
            if await pull(session, prompt_id):
                session.ended[prompt_id] = None
                return True
        await asyncio.sleep(pause)
        pause = min(pause * 1.5, LONGEST_CANCEL_PAUSE)
    return False


async def pull(session: Session, prompt_id: str) -> bool:
    """Try once to remove a prompt; return whether it is not there any more."""
    await session.http.delete(prompt_id)
    queue = await session.http.queue()
    if prompt_id in queue.running:
        await session.http.interrupt(prompt_id)
    return prompt_id not in queue

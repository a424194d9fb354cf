"""Turns ComfyUI's events into progress, previews, and a reason to look at history now."""

from node_agent.engines.comfyui.events import (
    ComfyEvent,
    Ended,
    GraphNodeStarted,
    Previewed,
    Started,
    Stepped,
)
from node_agent.engines.comfyui.progress import advanced, progress_of
from node_agent.engines.comfyui.session import Prompt, Session
from node_agent.ports import Preview


def connected(session: Session, client_id: str | None) -> None:
    """A new connection hears nothing of what was posted under the old one: look there."""
    session.client_id = client_id
    session.stir_all()


def hear(session: Session, event: ComfyEvent) -> None:
    """Never waits: a reader that stops reading stalls every client of the server."""
    prompt = prompt_for(session, event.prompt_id)
    if prompt is None:
        return
    match event:
        case Previewed(_, content_type, image):
            prompt.work.previewed(Preview(content_type, image))
            return
        case Ended():
            prompt.stirred.set()
        case Started():
            prompt.is_running = True
        case _:
            prompt.is_running = True
            if isinstance(event, GraphNodeStarted | Stepped):
                prompt.has_worked = True
    prompt.run = advanced(prompt.run, event)
    prompt.work.progressed(progress_of(prompt.run))


def prompt_for(session: Session, prompt_id: str | None) -> Prompt | None:
    """An old server's preview names no prompt; only one of ours can be running."""
    if prompt_id is not None:
        return session.prompts.get(prompt_id)
    return next((prompt for prompt in session.prompts.values() if prompt.is_running), None)

"""ComfyUI's events become progress, previews, and a reason to look at history now."""

from node_agent.domain.events import Ended, GraphNodeStarted, Previewed, Started, Stepped
from node_agent.domain.progress import advanced, progress_of
from node_agent.handlers.node import Attempt, Node
from node_agent.ports import Heard


def connected(node: Node, client_id: str | None) -> None:
    """A new connection hears nothing of what was posted under the old one: look there."""
    node.client_id = client_id
    for attempt in node.attempts.values():
        attempt.stirred.set()


def hear(node: Node, heard: Heard) -> None:
    """Never waits: a reader that stops reading stalls every client of the server."""
    event = heard.event
    attempt = attempt_for(node, event.prompt_id)
    if attempt is None:
        return
    match event:
        case Previewed():
            attempt.preview = event
        case Ended():
            attempt.stirred.set()
        case Started():
            attempt.is_running = True
        case _:
            attempt.is_running = True
            if isinstance(event, GraphNodeStarted | Stepped):
                attempt.has_worked = True
    if not isinstance(event, Previewed):
        attempt.run = advanced(attempt.run, event)
        attempt.progress = progress_of(attempt.run)
        attempt.is_progress_new = True
    node.progressed.set()


def attempt_for(node: Node, prompt_id: str | None) -> Attempt | None:
    """An old server's preview names no prompt; only one of ours can be running."""
    if prompt_id is not None:
        return node.attempt_of(prompt_id)
    return next((a for a in node.attempts.values() if a.is_running), None)

"""Runs a small prompt that needs no model, to show whether a server works again.

It goes through the accelerator (ImageBlur computes there), so one that is stuck fails here and
not under somebody's job.
"""

import asyncio
import random
from typing import Any

from contracts.values import new_id
from node_agent.engines.comfyui.http import NODE_KEY, RefusedPromptError
from node_agent.engines.comfyui.outcome import failure_in
from node_agent.engines.comfyui.session import Session

LOOK_SECONDS = 0.2


async def trial(session: Session) -> str | None:
    """Return why it failed; None if it ran to its end."""
    prompt_id = session.trial_id = str(new_id())
    graph = trial_graph(random.randrange(2**24))  # noqa: S311  no secret: else it is cached
    extra = {NODE_KEY: str(session.entry.node_id)}
    body = {"prompt": graph, "prompt_id": prompt_id, "client_id": prompt_id, "extra_data": extra}
    try:
        taken = await session.http.submit(body)
        if taken.node_errors:
            return "ComfyUI left graph nodes out"
        while True:
            entry = await session.http.history(prompt_id)
            if entry is not None:
                return why_failed(entry)
            await asyncio.sleep(LOOK_SECONDS)
    except RefusedPromptError as error:
        return error.message
    finally:
        session.leftovers[prompt_id] = None


def why_failed(entry: dict[str, Any]) -> str | None:
    failure = failure_in(entry)
    if failure is None:
        return None
    return failure.error.message if failure.error else "somebody interrupted it"


def trial_graph(color: int) -> dict[str, Any]:
    """Core classes alone; the picture goes to `temp`, which ComfyUI empties itself."""
    empty = {"width": 64, "height": 64, "batch_size": 1, "color": color}
    blur = {"image": ["1", 0], "blur_radius": 2, "sigma": 1.0}
    return {
        "1": {"class_type": "EmptyImage", "inputs": empty},
        "2": {"class_type": "ImageBlur", "inputs": blur},
        "3": {"class_type": "PreviewImage", "inputs": {"images": ["2", 0]}},
    }

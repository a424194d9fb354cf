"""A trial: a small prompt that needs no model shows whether a node that did harm works again.

It goes through the accelerator (ImageBlur computes there), so one that is stuck fails here and
not under somebody's job.
"""

import asyncio
import contextlib
import random
from typing import Any
from uuid import UUID

import structlog

from contracts.comfyui import NODE_KEY
from contracts.values import new_id
from node_agent.domain.outcome import Failed, Succeeded, verdict
from node_agent.handlers.node import Node
from node_agent.ports import RefusedPromptError, UnreachableError

log = structlog.get_logger()
LOOK_SECONDS = 0.2
LONGEST_SECONDS = 60.0
"""A server that was restarted sets its accelerator up first."""


async def stand_trials(node: Node) -> None:
    """For ever: whenever the scheduler asks for one, until it is passed."""
    while True:
        node.trial_asked.clear()
        if node.trial and node.trial != node.passed_trial and is_fit(node):
            await stand(node, node.trial)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(node.tools.tuning.trial_seconds):
                await node.trial_asked.wait()


def is_fit(node: Node) -> bool:
    return node.is_reachable and not node.is_dead and node.leadership.is_present(node.now)


async def stand(node: Node, number: int) -> None:
    trial_id = new_id()
    async with node.slot:
        try:
            async with asyncio.timeout(LONGEST_SECONDS):
                failure = await fault_of(node, trial_id)
        except (UnreachableError, RefusedPromptError) as error:
            failure = error.message
        except TimeoutError:
            failure = f"it did not end within {LONGEST_SECONDS:g} s"
        finally:
            node.gone.add(trial_id, node.now)  # so that the probe takes back what is left of it
    node.trial_failure = failure
    if failure is None:
        node.passed_trial = number
        node.changed.set()
    log.info("trial_ended", node_id=str(node.id), failure=failure)


async def fault_of(node: Node, trial_id: UUID) -> str | None:
    """What went wrong; None if it ran to its end."""
    prompt_id = str(trial_id)
    extra_data = {NODE_KEY: str(node.id)}
    graph = trial_graph(random.randrange(2**24))  # noqa: S311  no secret: else it is cached
    body = {"prompt": graph, "prompt_id": prompt_id, "client_id": prompt_id}
    taken = await node.comfy.submit(body | {"extra_data": extra_data})
    if taken.node_errors:
        return "ComfyUI left graph nodes out"
    while True:
        entry = await node.comfy.history(prompt_id)
        if entry is not None:
            return fault_in(entry)
        await asyncio.sleep(LOOK_SECONDS)


def fault_in(entry: dict[str, Any]) -> str | None:
    match verdict(entry):
        case Succeeded():
            return None
        case Failed(_, error):
            return error.message
        case _:
            return "somebody interrupted it"


def trial_graph(color: int) -> dict[str, Any]:
    """Core classes alone; the picture goes to `temp`, which ComfyUI empties itself."""
    empty = {"width": 64, "height": 64, "batch_size": 1, "color": color}
    blur = {"image": ["1", 0], "blur_radius": 2, "sigma": 1.0}
    return {
        "1": {"class_type": "EmptyImage", "inputs": empty},
        "2": {"class_type": "ImageBlur", "inputs": blur},
        "3": {"class_type": "PreviewImage", "inputs": {"images": ["2", 0]}},
    }

"""Asks running children whether they also work: a process may live and yet do nothing."""

import asyncio
from collections.abc import Mapping, Sequence

from comfyfleet.services import PREVIEW_ENGINE
from contracts.services import SERVICES
from runtime.supervision.child_state import ChildState
from runtime.supervision.probe import get

PATHS = {
    **dict.fromkeys(SERVICES, "/readyz"),
    PREVIEW_ENGINE: "/system_stats",
    "nats": "/healthz",
    "s3": "/",
}
PORTS = {"nats": "nats-monitor"}
SERVER_ERROR = 500


async def failing_children(
    children: Sequence[ChildState], ports: Mapping[str, int]
) -> dict[str, str]:
    """Return the problem of each child that should work and does not.

    Postgres speaks no HTTP and is left out.
    """
    asked = [child.name for child in children if child.phase == "ready" and child.name in PATHS]
    answers = await asyncio.gather(
        *(get(ports[PORTS.get(name, name)], PATHS[name]) for name in asked)
    )
    problems = {name: problem(answer) for name, answer in zip(asked, answers, strict=True)}
    return {name: found for name, found in problems.items() if found}


def problem(answer: tuple[int, str] | None) -> str | None:
    if answer is None:
        return "does not answer"
    status, body = answer
    # S3 is up if it answers, even with 403. A service that is not ready names what it waits for.
    return body.partition("\n")[0] if status >= SERVER_ERROR else None

"""Whether what runs also works, asked now: a process may live and yet do nothing."""

import asyncio
from collections.abc import Mapping, Sequence

from comfyfleet.services import PREVIEW_ENGINE
from comfyfleet.supervise.probe import ask
from comfyfleet.supervise.state import ChildState
from contracts.services import SERVICES

QUESTIONS = {
    **dict.fromkeys(SERVICES, "/readyz"),
    PREVIEW_ENGINE: "/system_stats",
    "nats": "/healthz",
    "s3": "/",
}
PORTS = {"nats": "nats-monitor"}
SERVER_ERROR = 500


async def unwell(children: Sequence[ChildState], ports: Mapping[str, int]) -> dict[str, str]:
    """What is wrong with each child that should work and does not; Postgres speaks no HTTP."""
    asked = [child.name for child in children if child.phase == "ready" and child.name in QUESTIONS]
    answers = await asyncio.gather(
        *(ask(ports[PORTS.get(name, name)], QUESTIONS[name]) for name in asked)
    )
    troubles = {name: trouble(answer) for name, answer in zip(asked, answers, strict=True)}
    return {name: found for name, found in troubles.items() if found}


def trouble(answer: tuple[int, str] | None) -> str | None:
    if answer is None:
        return "does not answer"
    status, words = answer
    # S3 refuses us, being strangers, and so lives; services say what they wait for.
    return words.partition("\n")[0] if status >= SERVER_ERROR else None

"""Put what arrives on the leader's desk."""

from collections.abc import Callable

from pydantic import BaseModel

from contracts.scheduler.nodes import NodeBeat
from scheduler.domain.inputs import Heard, Question
from scheduler.handlers.desk import Desk


async def answer(
    desk: Desk, current_trace: Callable[[], dict[str, str]], question: Question
) -> BaseModel:
    """Have the core decide; the answer is given once it is durable."""
    return await desk.ask(question, current_trace())


async def hear_beat(desk: Desk, beat: NodeBeat) -> None:
    desk.inbox.put(Heard(beat))

"""The core: `step(state, inputs, now) -> effects`.

Nothing here awaits, reads a clock, draws at random or logs: the shell supplies the world and
carries the effects out, so any history can be replayed. The state is changed in place; if the
effects cannot be committed, it has to be thrown away.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any
from uuid import UUID

from contracts.agent import FinishAttempt
from contracts.errors import OperationError
from contracts.message import Message
from contracts.scheduler.job_requests import CancelJob, SubmitJob
from contracts.scheduler.jobs import JobStatus
from contracts.scheduler.nodes import AddNode, ClaimNode, NodeSpec, RemoveNode, ReportCapabilities
from scheduler.domain import accepting, fleet, outcomes
from scheduler.domain.effects import Answer, Effects, Recall
from scheduler.domain.expiry import pass_time
from scheduler.domain.facts import spec_of
from scheduler.domain.hearing import hear
from scheduler.domain.inputs import Asked, Heard, Input, Ordered, Recalled, Tick
from scheduler.domain.placement import place_jobs
from scheduler.domain.state import State
from scheduler.domain.turn import Known, Now, Turn


def step(
    state: State, inputs: Iterable[Input], known: Known, now: Now, new_id: Callable[[], UUID]
) -> Effects:
    """Take in all inputs in order, then give waiting jobs to free nodes."""
    turn = Turn(state, known, now, new_id, Effects())
    for item in inputs:
        take(turn, item)
    place_jobs(turn)
    return turn.effects


def take(turn: Turn, item: Input) -> None:
    match item:
        case Asked():
            turn.effects.answers.append((item.token, answer(turn, item)))
        case Heard():
            hear(turn, item.beat)
        case Ordered():
            outcomes.accept_order(turn, item.attempt_id, item.refusal)
        case Recalled():
            outcomes.accept_recall(turn, item.attempt_id)
        case Tick():
            pass_time(turn, item)


RULES: dict[type[Message], Callable[[Turn, Any], Answer]] = {
    CancelJob: accepting.cancel,
    FinishAttempt: outcomes.finish,
    ClaimNode: fleet.claim,
    ReportCapabilities: fleet.report_capabilities,
    AddNode: fleet.add,
    RemoveNode: fleet.remove,
}


def answer(turn: Turn, asked: Asked) -> Answer:
    """Answer a request, or say why not; a refused request has changed nothing."""
    try:
        if isinstance(asked.question, SubmitJob):
            return accepting.submit(turn, asked.question, asked.trace)
        return RULES[type(asked.question)](turn, asked.question)
    except OperationError as error:
        return error


def resume(state: State, effects: Effects) -> None:
    """Tell nodes anew, as a new leader, what they were told of the attempts that live."""
    for attempt in state.attempts.values():
        if attempt.job.status is JobStatus.CANCELING:
            node = state.nodes[attempt.node_id]
            effects.recalls.append(Recall(node.id, node.claim, attempt.id))
        else:
            effects.orders.append(attempt)


def republish(state: State, effects: Effects, published: Mapping[UUID, NodeSpec]) -> None:
    """Make the bucket of nodes equal to the state, given what it holds."""
    for node in state.nodes.values():
        spec = spec_of(node)
        if published.get(node.id) != spec:
            effects.specs.setdefault(node.id, spec)
    for node_id in published.keys() - state.nodes.keys():
        effects.specs.setdefault(node_id, None)

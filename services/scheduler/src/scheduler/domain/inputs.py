"""What can happen to the core. Requests are the messages themselves, with a token to answer."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TypeAlias
from uuid import UUID

from contracts.access import IdempotencyKey
from contracts.agent import FinishAttempt
from contracts.errors import OperationError
from contracts.scheduler.job_requests import CancelJob, SubmitJob
from contracts.scheduler.nodes import AddNode, ClaimNode, NodeBeat, RemoveNode, ReportCapabilities
from scheduler.domain.effects import KeyName

Question: TypeAlias = (
    SubmitJob | CancelJob | FinishAttempt | ClaimNode | ReportCapabilities | AddNode | RemoveNode
)


@dataclass(frozen=True, slots=True)
class Asked:
    """A request waits for its answer, which `token` names."""

    token: int
    question: Question
    trace: dict[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, slots=True)
class Heard:
    """A node's agent beat."""

    beat: NodeBeat


@dataclass(frozen=True, slots=True)
class Ordered:
    """A node answered an order to run an attempt; `refusal` is None if it will."""

    attempt_id: UUID
    refusal: OperationError | None = None


@dataclass(frozen=True, slots=True)
class Recalled:
    """A node answered that it will not run, or will stop, an attempt."""

    attempt_id: UUID


@dataclass(frozen=True, slots=True)
class Tick:
    """Time passed; comes at least once a second while nothing else does."""

    is_connected: bool = True
    """Beats could have been heard since the last tick."""


Input: TypeAlias = Asked | Heard | Ordered | Recalled | Tick


@dataclass(frozen=True, slots=True)
class Names:
    """Jobs and idempotency keys that inputs name: the core has to know what became of them."""

    jobs: list[UUID] = field(default_factory=list[UUID])
    keys: list[KeyName] = field(default_factory=list[KeyName])


def names_in(inputs: Iterable[Input]) -> Names:
    names = Names()
    for item in inputs:
        if not isinstance(item, Asked):
            continue
        question = item.question
        if isinstance(question, SubmitJob):
            names.jobs.append(question.job.job_id)
        elif isinstance(question, CancelJob):
            names.jobs.append(question.job_id)
        if isinstance(question, (SubmitJob, AddNode)) and question.idempotency:
            names.keys.append(key_name(question, question.idempotency))
    return names


def key_name(request: SubmitJob | AddNode, key: IdempotencyKey) -> KeyName:
    operation = "submit_job" if isinstance(request, SubmitJob) else "add_node"
    return request.actor.user_id, operation, key.key

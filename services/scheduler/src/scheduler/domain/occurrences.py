"""Everything that the core reacts to.

A beat is taken as the message itself; a command is wrapped in `Requested`, whose token finds its
waiting caller.
"""

from dataclasses import dataclass, field
from typing import Any, TypeAlias
from uuid import UUID

from contracts.errors import OperationError
from contracts.message import Command
from contracts.scheduler.claims import NodeBeat


@dataclass(frozen=True, slots=True)
class Requested:
    """A command waits for its answer; `token` names the waiting caller."""

    token: int
    command: Command[Any]
    trace: dict[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, slots=True)
class OrderAnswered:
    """An agent answered an order to run an attempt; `refusal` is None if it accepts."""

    attempt_id: UUID
    claim: int
    """Number of the claim under which the order was sent."""
    refusal: OperationError | None = None


@dataclass(frozen=True, slots=True)
class RecallAnswered:
    """A node answered that it does not run, or stops, an attempt."""

    attempt_id: UUID


@dataclass(frozen=True, slots=True)
class ClockTicked:
    """Time passed: at least 0.5 s since the last tick. Comes with the next batch."""

    is_connected: bool = True
    """Beats could have been received since the last tick."""


Occurrence: TypeAlias = Requested | NodeBeat | OrderAnswered | RecallAnswered | ClockTicked

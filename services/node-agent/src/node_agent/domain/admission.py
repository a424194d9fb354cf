"""Decides which nodes to claim, whom to obey, and which orders to take.

One attempt is inside the engine and at most one waits for it. The scheduler normally sends an
attempt only for a free slot; a second one arrives when its view is out of date.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from contracts.errors import ConflictError, OperationError, UnavailableError
from contracts.scheduler.claims import AttemptPhase
from contracts.scheduler.nodes import NodeEntry

MAX_UNFINISHED = 2
"""The attempt that runs, and the one that waits for it."""
BEFORE_THE_END = frozenset({AttemptPhase.PREPARING, AttemptPhase.POSTED})
SILENCE_SECONDS = 4.0
"""After so long without `SchedulerLed` the scheduler may count the agent as lost
(architecture.md)."""


class StaleClaimError(ConflictError):
    """Another agent holds the node, or this agent claimed it anew."""

    code = "stale_claim"


class StaleEpochError(ConflictError):
    """Another scheduler leads."""

    code = "stale_epoch"


class SlotsTakenError(UnavailableError):
    code = "no_room"


class NoLeaderError(UnavailableError):
    code = "no_leader"


@dataclass(slots=True)
class Leadership:
    """The newest epoch, and when its leader was last heard."""

    epoch: int = 0
    heard_at: float = float("-inf")

    def heard(self, epoch: int, now: float) -> None:
        """Note a leader's signal; a signal of an older epoch does not count."""
        if epoch >= self.epoch:
            self.epoch = epoch
            self.heard_at = now

    def is_present(self, now: float) -> bool:
        return now - self.heard_at <= SILENCE_SECONDS


@dataclass(frozen=True, slots=True)
class Admission:
    """The state of a claim against which an order is checked."""

    claim: int
    epoch: int
    is_led: bool
    is_reachable: bool
    """The engine answers, and runs what it is given."""
    is_adopting: bool = False


def stale(admission: Admission, claim: int, epoch: int) -> OperationError | None:
    """Return why a command must not be obeyed at all."""
    if claim != admission.claim:
        return StaleClaimError(f"The claim is {admission.claim}, not {claim}.")
    if epoch < admission.epoch:
        return StaleEpochError(f"The epoch is {admission.epoch}, not {epoch}.")
    return None


def refusal(admission: Admission, phases: Iterable[AttemptPhase]) -> OperationError | None:
    """Return why a new attempt cannot be taken now."""
    if not admission.is_led:
        return NoLeaderError("No scheduler was heard for a while.")
    if not admission.is_reachable:
        return UnavailableError("The engine does not answer.", code="unreachable")
    if admission.is_adopting:
        text = "The node still looks for earlier attempts."
        return UnavailableError(text, code="adopting")
    if sum(phase in BEFORE_THE_END for phase in phases) >= MAX_UNFINISHED:
        return SlotsTakenError("One attempt runs and one more is prepared.")
    return None


def is_wanted(spec: NodeEntry, pool: str) -> bool:
    return spec.is_enabled and spec.pool == pool


def may_claim(spec: NodeEntry, agent_id: UUID, pool: str) -> bool:
    return is_wanted(spec, pool) and (spec.is_claimable or spec.agent_id == agent_id)


def is_taken_away(spec: NodeEntry, agent_id: UUID, claim: int) -> bool:
    """Whether another agent has the newest claim."""
    return spec.claim > claim and spec.agent_id != agent_id

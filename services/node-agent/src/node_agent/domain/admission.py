"""Whether an order may be taken: one attempt inside ComfyUI, at most one that waits for it.

The scheduler waits for the slot; two meet here only when it knows less than the agent.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from contracts.errors import ConflictError, OperationError, UnavailableError
from contracts.scheduler.nodes import AttemptPhase

MOST_WAITING = 2
BEFORE_THE_END = frozenset({AttemptPhase.PREPARING, AttemptPhase.POSTED})


class StaleClaimError(ConflictError):
    """Another agent holds the node, or this one claimed it anew."""

    code = "stale_claim"


class StaleEpochError(ConflictError):
    """Another scheduler leads."""

    code = "stale_epoch"


class NoRoomError(UnavailableError):
    code = "no_room"


class NoLeaderError(UnavailableError):
    code = "no_leader"


@dataclass(frozen=True, slots=True)
class Standing:
    """What the agent knows when an order arrives."""

    claim: int
    epoch: int
    is_led: bool
    is_reachable: bool


def stale(standing: Standing, claim: int, epoch: int) -> OperationError | None:
    """Why a command must not be obeyed at all."""
    if claim != standing.claim:
        return StaleClaimError(f"The claim is {standing.claim}, not {claim}.")
    if epoch < standing.epoch:
        return StaleEpochError(f"The epoch is {standing.epoch}, not {epoch}.")
    return None


def refusal(standing: Standing, phases: Iterable[AttemptPhase]) -> OperationError | None:
    """Why a new attempt cannot be taken now."""
    if not standing.is_led:
        return NoLeaderError("No scheduler was heard for a while.")
    if not standing.is_reachable:
        return UnavailableError("ComfyUI does not answer.", code="unreachable")
    if sum(phase in BEFORE_THE_END for phase in phases) >= MOST_WAITING:
        return NoRoomError("One attempt runs and one more is prepared.")
    return None

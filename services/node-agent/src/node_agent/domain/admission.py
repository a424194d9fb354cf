"""Decides which nodes to claim, which scheduler to obey, and which orders to accept.

One attempt is inside the engine and at most one waits for it. The scheduler normally sends an
attempt only for a free slot; a second one arrives when its view is out of date.
"""

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from contracts.agent import CancelAttempt, RunAttempt
from contracts.errors import ConflictError, UnavailableError
from contracts.scheduler.claims import AttemptPhase
from contracts.scheduler.nodes import NodeEntry

MAX_UNFINISHED = 2
"""The attempt that runs, and the one that waits for it."""
BEFORE_THE_END = frozenset({AttemptPhase.PREPARING, AttemptPhase.POSTED})
SILENCE_SECONDS = 4.0
"""After so long without `SchedulerLed` the scheduler may count the agent as lost
(architecture.md)."""

QUEUED_SECONDS = 1.0
"""Time in which a process that stood still reads the messages that queued meanwhile."""

STALE_CLAIM = "stale_claim"
"""Code of the error that another agent holds the node, or this agent claimed it anew."""
CLAIMED = "claimed"
"""Code of the error that a living agent holds the node."""


@dataclass(slots=True)
class Leadership:
    """The newest epoch, and the time of its leader's last signal.

    After a silence this process may have stood still, and old signals and orders come before new
    ones. So it obeys a leader that it hears again only a little later.
    """

    epoch: int = 0
    heard_at: float = float("-inf")
    obeyed_from: float = float("-inf")

    def heard(self, epoch: int, now: float) -> None:
        """Note a leader's signal; a signal of an older epoch does not count."""
        if epoch >= self.epoch:
            if self.epoch and now - self.heard_at > SILENCE_SECONDS:
                self.obeyed_from = now + QUEUED_SECONDS
            self.epoch = epoch
            self.heard_at = now

    def is_present(self, now: float) -> bool:
        return now - self.heard_at <= SILENCE_SECONDS and now >= self.obeyed_from


def refuse_stale(claim: int, epoch: int, command: RunAttempt | CancelAttempt) -> None:
    """Raise if claim or epoch of the command is out of date; the arguments are the newest known."""
    if command.claim != claim:
        raise ConflictError(f"The claim is {claim}, not {command.claim}.", code=STALE_CLAIM)
    if command.epoch < epoch:
        raise ConflictError(f"The epoch is {epoch}, not {command.epoch}.", code="stale_epoch")


def refuse_excess(phases: Collection[AttemptPhase], *, is_led: bool, is_usable: bool) -> None:
    """Raise if no new attempt can be accepted now, beside those in `phases`.

    `is_usable`: the engine answers and executes attempts.
    """
    if not is_led:
        raise UnavailableError("No scheduler was heard for a while.", code="no_leader")
    if not is_usable:
        raise UnavailableError("The engine cannot run attempts now.", code="unreachable")
    if AttemptPhase.ADOPTING in phases:
        raise UnavailableError("The node still looks for earlier attempts.", code="adopting")
    if sum(phase in BEFORE_THE_END for phase in phases) >= MAX_UNFINISHED:
        raise UnavailableError("One attempt runs and one more is prepared.", code="no_room")


def is_wanted(entry: NodeEntry, pool: str, machine: str) -> bool:
    return entry.is_enabled and entry.pool == pool and entry.machine in (None, machine)


def may_claim(entry: NodeEntry, agent_id: UUID, pool: str, machine: str) -> bool:
    is_free = entry.is_claimable or entry.agent_id == agent_id
    return is_free and is_wanted(entry, pool, machine)


def is_taken_away(entry: NodeEntry, agent_id: UUID, claim: int) -> bool:
    """Return whether another agent has the newest claim."""
    return entry.claim > claim and entry.agent_id != agent_id

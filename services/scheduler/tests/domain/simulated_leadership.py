"""An agent's view of the leader in simulations: which orders it obeys, as in node-agent."""

from dataclasses import dataclass

from contracts.errors import ConflictError, OperationError

SILENCE_SECONDS = 4.0
"""After so long without a leader's signal an agent takes no orders."""
QUEUED_SECONDS = 1.0
"""Time in which an agent reads the messages that queued while it stood still."""


@dataclass(slots=True)
class SimulatedLeadership:
    epoch: int = 0
    """The newest epoch that it heard of."""
    heard_at: float = float("-inf")
    obeys_from: float = float("-inf")

    def hear(self, epoch: int, now: float) -> None:
        """Note a signal. After a silence, the leader is believed only once the queue was read."""
        if epoch >= self.epoch:
            if self.epoch and now - self.heard_at > SILENCE_SECONDS:
                self.obeys_from = now + QUEUED_SECONDS
            self.epoch, self.heard_at = epoch, now

    def is_present(self, now: float) -> bool:
        return now - self.heard_at <= SILENCE_SECONDS and now >= self.obeys_from

    def refusal(self, epoch: int) -> OperationError | None:
        """Return why it does not obey that leader, if it does not."""
        if epoch < self.epoch:
            return ConflictError("an older epoch", code="stale_epoch")
        self.epoch = epoch
        return None

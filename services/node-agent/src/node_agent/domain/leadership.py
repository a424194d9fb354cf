"""Whom the agent obeys: the newest epoch, as long as it is heard."""

from dataclasses import dataclass

SILENCE_SECONDS = 4.0
"""Without `led` for so long the scheduler may count us as lost (architecture.md)."""


@dataclass(slots=True)
class Leadership:
    epoch: int = 0
    heard_at: float = float("-inf")

    def heard(self, epoch: int, now: float) -> None:
        """A signal of a leader; one of an older epoch does not count."""
        if epoch >= self.epoch:
            self.epoch = epoch
            self.heard_at = now

    def is_present(self, now: float) -> bool:
        return now - self.heard_at <= SILENCE_SECONDS

"""Reads the wall clock, and follows no jump of it until it has lasted.

Durations are measured in steady seconds. The wall clock decides about deadlines, and dates rows
and events: a glitch of an hour must not expire jobs, and a machine that slept must learn the time.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

JUMP_SECONDS = 2.0
"""A smaller difference is drift, which is followed at once."""
BELIEVED_SECONDS = 300.0
"""A jump that has lasted so long is the time."""


@dataclass(slots=True)
class WallClock:
    """The time as a process goes by it, from its first reading on."""

    jumped: Callable[[float], None] = lambda _: None
    """Is told the seconds of each new jump."""
    _offset: float | None = None
    """Wall clock minus steady seconds, as the process goes by them."""
    _jump: tuple[float, float] | None = None
    """The other offset that the machine's clock has, and since when, in steady seconds."""

    def read(self, wall: datetime, steady: float) -> datetime:
        """Return the time, from the machine's wall clock and steady seconds."""
        offset = wall.timestamp() - steady
        if self._offset is None or abs(offset - self._offset) < JUMP_SECONDS:
            self._offset, self._jump = offset, None
        elif self._jump is None or abs(offset - self._jump[0]) >= JUMP_SECONDS:
            self._jump = offset, steady
            self.jumped(offset - self._offset)
        elif steady - self._jump[1] >= BELIEVED_SECONDS:
            self._offset, self._jump = offset, None
        return datetime.fromtimestamp(self._offset + steady, UTC)

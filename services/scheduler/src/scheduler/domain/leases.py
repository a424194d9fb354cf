"""When silence means that a node is gone.

Leases are measured on a clock of their own, which stands still while beats could not be heard:
the leader was disconnected, was not yet leading, was paused, or hears nobody at all. A fleet
that is silent as a whole more likely says something of the listener; only after
`DEAF_SECONDS` of it is the silence believed.
"""

from dataclasses import dataclass

LONGEST_STEP_SECONDS = 1.0
CHORUS_SECONDS = 2.0
DEAF_SECONDS = 15.0

LOST_SECONDS = 4.0
NOT_STARTED_SECONDS = 6.0


@dataclass(slots=True)
class LeaseClock:
    """Seconds in which beats could be heard."""

    now: float = 0.0
    _ticked_at: float | None = None
    _heard_at: float | None = None
    _connected_since: float | None = None

    def hear(self, steady: float) -> None:
        """Note that some node was heard."""
        self._heard_at = steady

    def tick(self, steady: float, *, is_connected: bool) -> None:
        """Go on by what passed since the last tick, if that time counts."""
        passed = 0.0 if self._ticked_at is None else steady - self._ticked_at
        self._ticked_at = steady
        if not is_connected:
            self._connected_since = None
            return
        if self._connected_since is None or passed > CHORUS_SECONDS:
            self._connected_since = steady
        if self._is_listening(steady):
            self.now += min(passed, LONGEST_STEP_SECONDS)

    def _is_listening(self, steady: float) -> bool:
        if self._connected_since is None:
            return False
        if self._heard_at is None:
            return steady - self._connected_since >= DEAF_SECONDS
        if steady - self._heard_at <= CHORUS_SECONDS:
            return True
        return steady - max(self._heard_at, self._connected_since) >= DEAF_SECONDS

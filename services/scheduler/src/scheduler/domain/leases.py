"""Decides when silence means that a node is gone.

Leases are measured on a clock of their own. It stands still while beats cannot be heard: the
leader is disconnected, not yet leading, paused, or hears no node at all. When the whole fleet is
silent, the listener is the likelier fault, so that silence counts only after `DEAF_SECONDS`.
"""

from dataclasses import dataclass

LONGEST_STEP_SECONDS = 1.0
CHORUS_SECONDS = 2.0
DEAF_SECONDS = 15.0

LOST_SECONDS = 4.0
NOT_STARTED_SECONDS = 6.0


@dataclass(slots=True)
class LeaseClock:
    """Counts the seconds in which beats could be heard."""

    now: float = 0.0
    _ticked_at: float | None = None
    _heard_at: float | None = None
    _connected_since: float | None = None

    def note_beat(self, steady: float) -> None:
        self._heard_at = steady

    def tick(self, steady: float, *, is_connected: bool) -> None:
        """Advance by the time since the last tick, if that time counts."""
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

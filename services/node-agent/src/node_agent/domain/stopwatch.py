"""Measures how long an engine executes an attempt, by the agent's own clock.

The clocks of two machines differ, and any wall clock jumps, so no difference of theirs is used.
"""

from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic


@dataclass(slots=True)
class Stopwatch:
    """Runs from the start of the execution to its end; each counts once, the first time."""

    clock: Callable[[], float] = monotonic
    _began_at: float | None = None
    _is_late: bool = False
    """The execution had begun some time before that was seen."""
    _seconds: float | None = None
    """Time of an execution that is over."""

    def begin(self, *, is_late: bool = False) -> None:
        if self._began_at is None:
            self._began_at, self._is_late = self.clock(), is_late

    def stop(self) -> None:
        if self._seconds is None and self._began_at is not None:
            self._seconds = self.clock() - self._began_at

    def correct(self, seconds: float | None) -> None:
        """Take the time that the server measured, if the start of the execution was not seen."""
        if seconds is not None and (self._began_at is None or self._is_late):
            self._seconds = seconds

    @property
    def seconds(self) -> float | None:
        """The time of the execution, or its time so far; None if none was seen."""
        if self._seconds is None and self._began_at is not None:
            return self.clock() - self._began_at
        return self._seconds

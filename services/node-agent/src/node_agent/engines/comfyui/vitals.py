"""Tells a dead worker from a busy one.

A graph can kill ComfyUI's worker thread: HTTP goes on answering, `/queue` shows the prompt as
running without end, and no graph node ever starts. A graph node that merely takes long has started;
for that there is the attempt's timeout.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import exp


@dataclass(frozen=True, slots=True)
class QueueView:
    """Prompt ids inside one ComfyUI."""

    running: tuple[str, ...] = ()
    pending: tuple[str, ...] = ()
    nodes: Mapping[str, str] = field(default_factory=dict[str, str])
    """Id of the node that a prompt was posted for, by prompt id; foreign prompts have none."""

    def __contains__(self, prompt_id: str) -> bool:
        return prompt_id in self.running or prompt_id in self.pending


@dataclass(slots=True)
class BusyFraction:
    """The share of the recent time in which prompts ran, newer time weighing more."""

    seconds: float = 30.0
    """Time after which a moment counts a third (1/e)."""
    value: float | None = None
    _at: float = 0.0

    def saw(self, now: float, *, is_busy: bool) -> None:
        """Count the time since the last look as busy or idle, as it is now."""
        new = 1.0 if is_busy else 0.0
        if self.value is None:
            self.value = new
        else:
            self.value += (new - self.value) * (1.0 - exp(-max(now - self._at, 0.0) / self.seconds))
        self._at = now


@dataclass(slots=True)
class Vitals:
    """Measures how long the server has held a prompt without working on it."""

    dead_after_seconds: float
    idle_after_seconds: float = 10.0
    """Prompts wait and none runs: a living worker takes the next within milliseconds."""
    is_dead: bool = False
    _front: tuple[str, ...] = ()
    _is_idle: bool = False
    _since: float | None = None

    def saw(self, queue: QueueView, now: float, *, has_started: bool) -> None:
        """`has_started`: the prompt in front is known to work, or is not ours to judge."""
        front, is_idle = queue.running or queue.pending[:1], not queue.running
        is_same = (front, is_idle) == (self._front, self._is_idle)
        if self.is_dead and is_same and front:
            return  # only a restart revives it, and that empties the queue
        self._front, self._is_idle = front, is_idle
        if not front or has_started:
            self._since = None
        elif self._since is None or not is_same:
            self._since = now
        limit = self.idle_after_seconds if is_idle else self.dead_after_seconds
        self.is_dead = self._since is not None and now - self._since >= limit

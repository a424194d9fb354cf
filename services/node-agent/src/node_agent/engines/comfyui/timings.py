"""Measures the graph nodes of a prompt by ComfyUI's events, with the agent's own clock.

A graph node takes the time from its start to the start of the next one, or to the end of the
prompt; one that ComfyUI expands counts as a whole. No time stands for what happened while the
connection was lost.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from time import monotonic

from contracts.scheduler.timings import GraphNodeTiming, Timings
from node_agent.engines.comfyui.events import PromptEvent


@dataclass(slots=True)
class GraphNodeClock:
    """Measures the graph nodes of one prompt while its events come."""

    clock: Callable[[], float] = monotonic
    is_whole: bool = False
    """All events were heard, from the one before any graph node."""
    current: str | None = None
    _began_at: float = 0.0
    _seconds: dict[str, float] = field(default_factory=dict[str, float])
    _cut: set[str] = field(default_factory=set[str])
    """Graph nodes of which a part was not heard."""
    _cached: set[str] = field(default_factory=set[str])

    def hear(self, event: PromptEvent) -> tuple[str, float] | None:
        """Take an event; return the graph node that ends with it, and its time."""
        self.is_whole |= event.is_before_all
        self._cached |= event.cached
        is_next = event.started not in (None, self.current)
        if not is_next and not event.is_over:
            return None
        ended = self.stop()
        if is_next:
            self.current, self._began_at = event.started, self.clock()
        return ended

    def stop(self) -> tuple[str, float] | None:
        """End the current graph node, if there is one; return it, and its time."""
        if self.current is None:
            return None
        ended, seconds = self.current, self.clock() - self._began_at
        self._seconds[ended] = self._seconds.get(ended, 0.0) + seconds
        self.current = None
        return ended, seconds

    def lose(self) -> None:
        """Note that events are missing from now on."""
        self.is_whole = False
        if self.current is not None:
            self._cut.add(self.current)
            self.current = None

    def timings(self, classes: Mapping[str, str], loaders: Collection[str]) -> Timings | None:
        """Return the times of the graph nodes; None if nothing was heard of any."""
        ran = {**self._seconds, **dict.fromkeys(self._cut)}
        found = [
            GraphNodeTiming(graph_node=id_, graph_node_class=classes.get(id_, ""), seconds=seconds)
            for id_, seconds in ran.items()
        ]
        found += [
            GraphNodeTiming(
                graph_node=id_, graph_node_class=classes.get(id_, ""), seconds=0.0, is_cached=True
            )
            for id_ in self._cached - ran.keys()
        ]
        loading = sum(self._seconds.get(id_, 0.0) for id_ in loaders)
        if not found:
            return None
        return Timings(
            graph_nodes=found,
            graph_node_count=len(found),
            is_whole=self.is_whole,
            load_seconds=loading if self.is_whole else None,
        )

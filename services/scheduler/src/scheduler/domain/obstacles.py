"""Obstacles: the reasons why a job cannot start, or not on a node. Filters find them.

Placement passes over whatever a filter objects to, and `explanation.py` shows the objections, so
both tell the same. A filter is a pure function that returns an obstacle or None. There is a list
of them for nodes (`availability.py`), for nodes and kinds of jobs (`requirements.py`), for nodes
and jobs (`patience.py`) and for owners and jobs (`holds.py`). `scores.py` decides among nodes
without an obstacle.
"""

from collections.abc import Callable, Iterable
from typing import NamedTuple, TypeAlias, TypeVarTuple

Ts = TypeVarTuple("Ts")


class Obstacle(NamedTuple):
    """The objection of one filter."""

    code: str
    """Name for programs: one of `contracts.scheduler.explanations.CODES`."""
    message: str
    """Sentence for everybody; it names no node, no address and nobody's work."""
    detail: str | None = None
    """Sentence for people who may see nodes, if it says more."""

    @property
    def in_full(self) -> str:
        return self.detail or self.message


Filter: TypeAlias = Callable[[*Ts], Obstacle | None]


def first_obstacle(filters: Iterable[Filter[*Ts]], *of: *Ts) -> Obstacle | None:
    """Return the objection of the first filter that has one."""
    for objection in filters:
        if obstacle := objection(*of):
            return obstacle
    return None

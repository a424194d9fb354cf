"""The state of a server, as beats and claims need it."""

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Health:
    """The state of a server as its engine saw it last."""

    is_reachable: bool = False
    is_dead: bool = False
    """The server answers but executes nothing."""
    reason: str | None = "has not answered yet"
    """Why the server cannot be used; if it is unreachable, the words follow its address."""
    work_ids: tuple[str, ...] = ()
    """Ids of all work on the server; the fleet's own work has the id of its attempt."""
    pending_ids: tuple[str, ...] = ()
    """Those that wait behind other work and have not begun."""
    running_ids: tuple[str, ...] = ()
    """Those that have begun. The rest is too new to be known."""
    own_ids: tuple[str, ...] = ()
    """Ids of the attempts among them that were started for this node, by this agent or another."""
    trial_id: str | None = None
    """Id of the newest trial, which is the fleet's own work, and no attempt."""
    vram_free_mb: int | None = None
    busy_fraction: float | None = None
    other_node_id: UUID | None = None
    """Another node of which the server has work: both nodes are one server."""

    @property
    def is_usable(self) -> bool:
        return self.is_reachable and not self.is_dead

"""The life of a server that this agent runs itself: when it takes attempts, and what is said of it.

The process is run elsewhere (`adapters/managed_servers.py`) and reported here by `began`, `ready`
and `died`.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any
from uuid import UUID, uuid5

from contracts.scheduler.nodes import NodeSettings

NAMESPACE = UUID("0a9d6e1c-6f0e-5b1e-9a53-9d3d3c1f7a10")
SETTLED = 2
"""Attempts after which a process that was not warmed up has loaded what it needs."""


class Stage(StrEnum):
    """Where the server's process is in its life."""

    STARTING = "starting"
    RUNNING = "running"
    DEAD = "dead"
    """It died and is started again after a while."""
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class WarmUp:
    """The workflow that a server runs after each start, before it takes attempts."""

    workflow: str
    """`name` or `name@version`."""
    inputs: dict[str, Any] = field(default_factory=dict[str, Any])
    seconds: float = 300.0


@dataclass(frozen=True, slots=True)
class RecycleLimits:
    """Limits at which the server's process is replaced; 0: no limit."""

    attempts: int = 0
    memory_mb: int = 0
    """Resident memory of the process and its descendants."""
    growth_mb: int = 0
    """The part of it that was added since the process was settled."""


@dataclass(slots=True, eq=False)
class ManagedServer:
    """One server of this agent, as its claim sees it."""

    node_id: UUID
    node: NodeSettings
    log: Callable[[int], list[str]]
    """Reads the newest lines of its log, from the disk."""
    limits: RecycleLimits = RecycleLimits()
    warm_up: WarmUp | None = None
    restart: Callable[[], None] = lambda: None
    """Stops the process and starts it again at once."""
    stage: Stage = Stage.STARTING
    was_running: bool = False
    """It was running before and died, so the present start is no planned one."""
    is_warm: bool = False
    """The present process is warmed up, or could not be."""
    warm_up_problem: str | None = None
    recycling: str | None = None
    """The reason for which the process is about to be replaced."""
    is_closed: bool = False
    """The process is stopped: no order is accepted any more."""
    starts: int = 0
    """Number of processes so far."""
    warm_up_id: UUID | None = None
    """The prompt of the warm-up that runs now; it is no attempt."""
    memory_mb: int | None = None
    settled_mb: int | None = None
    """Memory after the warm-up, or without one when the second attempt had come: models are loaded
    by then."""
    gpu_load: float | None = None
    """Load of its GPU, from 0 to 1, if the driver tells it."""
    attempts: int = 0
    """Attempts that the present process was given."""
    ended: str = ""
    """The last end of the process, with the last line of its log: `exited with 1: out of luck`."""
    restart_in: Callable[[], float | None] = lambda: None
    """Returns the seconds until a dead process is started again."""
    changed: Callable[[], None] = lambda: None
    """Called after each step in the life of the process."""
    keep: Callable[[], None] = lambda: None
    """Keeps `attempts` and `settled_mb` for the next agent, which may take the process over."""

    def began(self) -> None:
        """Note that a process is being started."""
        self.stage, self.is_warm, self.attempts = Stage.STARTING, False, 0
        self.warm_up_problem, self.memory_mb, self.settled_mb = None, None, None
        self.starts += 1

    def ready(self, *, was_adopted: bool) -> None:
        """Note that the process answers; an adopted one was warmed up by the agent before."""
        self.stage = Stage.RUNNING
        self.is_warm = was_adopted or self.warm_up is None
        self.recycling, self.was_running, self.is_closed = None, False, False

    def took_attempt(self) -> None:
        self.attempts += 1
        self.keep()

    def measured(self, memory_mb: int | None) -> None:
        self.memory_mb = memory_mb
        is_settled = self.is_up and self.is_warm and (self.warm_up or self.attempts >= SETTLED)
        if is_settled and self.settled_mb is None:
            self.settled_mb = memory_mb
            self.keep()

    def died(self, how: str) -> None:
        self.stage, self.ended, self.was_running = Stage.DEAD, how, True
        self.recycling, self.is_closed = None, False

    def stopped(self) -> None:
        self.stage = Stage.STOPPED

    @property
    def is_up(self) -> bool:
        """Return whether the process answers; another one may have its port while it does not."""
        return self.stage is Stage.RUNNING

    @property
    def is_paused(self) -> bool:
        """Return whether the node takes no new attempt although nothing is wrong with it."""
        if self.recycling or self.is_closed:
            return True
        match self.stage:
            case Stage.RUNNING:
                return not self.is_warm
            case Stage.STARTING:
                return not self.was_running
            case Stage.DEAD | Stage.STOPPED:
                return False

    @property
    def refuses(self) -> bool:
        """Return whether an order that comes now is refused.

        While a server drains for its restart, an order that was on its way is still accepted.
        """
        return self.is_closed or not self.is_up or not self.is_warm

    def why_recycle(self) -> str | None:
        """Return the reason to replace the process, once it has run an attempt."""
        limits = self.limits
        if not (self.is_up and self.is_warm and self.attempts):
            return None
        if limits.attempts and self.attempts >= limits.attempts:
            return f"it has run {self.attempts} attempts"
        if limits.memory_mb and self.memory_mb and self.memory_mb > limits.memory_mb:
            return f"it takes {self.memory_mb} MB of memory, over {limits.memory_mb} MB"
        if limits.growth_mb and self.memory_mb and self.settled_mb:
            grown_mb = self.memory_mb - self.settled_mb
            if grown_mb > limits.growth_mb:
                return f"its memory grew by {grown_mb} MB, over {limits.growth_mb} MB"
        return None

    def reason(self) -> str | None:
        """Return what an operator should know about the process; None if it runs as it should."""
        if self.recycling:
            return f"its server is restarted: {self.recycling}"
        if self.is_closed:
            return "its agent stops"
        match self.stage:
            case Stage.STARTING:
                again = f" again, after it {self.ended}" if self.was_running else ""
                return f"its server starts{again}"
            case Stage.DEAD:
                seconds = self.restart_in()
                when = "" if seconds is None else f" (restart in {max(seconds, 0.0):.0f} s)"
                return f"its server died{when}: it {self.ended}"
            case Stage.STOPPED:
                return "its server is stopped"
            case Stage.RUNNING:
                return self._reason_running()

    def _reason_running(self) -> str | None:
        if not self.is_warm and self.warm_up:
            return f"its server is warmed up with {self.warm_up.workflow}"
        return self.warm_up_problem


def node_id_of(node: NodeSettings) -> UUID:
    """Return one id for a server over all restarts of its agent."""
    return uuid5(NAMESPACE, f"{node.machine} {node.base_url}")

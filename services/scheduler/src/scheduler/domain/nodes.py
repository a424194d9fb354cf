"""A node as the core holds it: desired state, claim, health, capabilities and newest beat."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from contracts.scheduler.job_requests import ModelFile
from contracts.scheduler.nodes import Capabilities, Device, NewNode
from scheduler.domain.jobs import Attempt


class ClaimStatus(StrEnum):
    """The life of a node's claim, as events last published it."""

    WANTED = "wanted"
    """Not joined: no agent has claimed it, or the agent that did has not shown yet that it can
    take jobs."""
    JOINED = "joined"
    LOST = "lost"


@dataclass(slots=True)
class Health:
    """The failures of a node and its quarantine. Stored as JSON in the node's row."""

    quarantines: int = 0
    """Quarantines since the last success; each is twice as long as the previous one."""
    is_quarantined: bool = False
    reason: str | None = None
    failed_versions: tuple[str, ...] = ()
    """Different workflow versions that failed on the node in a row."""
    failed_owners: tuple[UUID, ...] = ()
    """Owners of those failures."""
    trial: int = 0
    """Number of the trial that can end the quarantine, or be the first; 0: none is requested."""
    double_of: UUID | None = None
    """The older node with the same server."""
    is_untried: bool = False
    """Its server is new, and has not passed a trial yet."""


@dataclass(slots=True)
class NodeCapabilities:
    """The graph-node classes, models and devices of a node. Equal names are stored once."""

    digest: str = ""
    engine_version: str | None = None
    classes: frozenset[str] = frozenset()
    models: frozenset[ModelFile] = frozenset()
    devices: tuple[Device, ...] = ()

    @property
    def vram_mb(self) -> int:
        """Return the memory of the largest device: ComfyUI runs a job on one of them."""
        return max((device.vram_total_mb for device in self.devices), default=0)


@dataclass(slots=True, eq=False)
class IncompleteReport:
    """The first pages of a node's capabilities; never stored. The last page completes them."""

    digest: str
    classes: set[str] = field(default_factory=set[str])
    models: set[ModelFile] = field(default_factory=set[ModelFile])
    page_count: int = 0

    def add(self, page: Capabilities) -> None:
        self.classes.update(page.classes)
        self.models.update(page.models)
        self.page_count += 1


@dataclass(slots=True, eq=False)
class Contact:
    """The newest beats of a node; never stored. Times are of the lease clock (leases.py)."""

    heard_at: float = 0.0
    """When the agent was last heard."""
    reached_at: float = 0.0
    """When the agent last reported that the engine answers."""
    beat_at: datetime | None = None
    is_reachable: bool = False
    is_paused: bool = False
    """The agent starts, warms up or restarts the server, and takes no new attempt meanwhile."""
    reason: str | None = None
    foreign_prompts: int = 0
    leftover_prompts: int = 0
    """Prompts of ended attempts that the engine still has."""
    vram_free_mb: int | None = None
    busy_fraction: float | None = None
    gpu_load: float | None = None
    recalled: frozenset[UUID] = frozenset()
    """Attempts that are over for the scheduler and still take the node's slot."""


@dataclass(slots=True, eq=False)
class Node:
    """One GPU server of the fleet. Only the core changes it."""

    id: UUID
    settings: NewNode
    created_at: datetime
    version: int = 0
    """Number of events published about the node."""
    claim_status: ClaimStatus = ClaimStatus.WANTED
    agent_id: UUID | None = None
    claim: int = 0
    """Number of the newest claim; a message with an older number is ignored."""
    health: Health = field(default_factory=Health)
    capabilities: NodeCapabilities = field(default_factory=NodeCapabilities)
    incomplete_report: IncompleteReport | None = None
    contact: Contact = field(default_factory=Contact)
    attempts: dict[UUID, Attempt] = field(default_factory=dict[UUID, Attempt])
    refused_versions: dict[str, None] = field(default_factory=dict[str, None])
    """The newest versions that failed here for want of a model or a class that `capabilities`
    lists: their jobs go elsewhere first."""
    refusals: int = 0
    """Orders refused in a row."""
    trial_due_at: float = 0.0
    """A node that needs a trial is asked for it from then on, in steady seconds. A new leader asks
    at once."""
    rests_until: float = 0.0
    """After a refusal the node gets no job until then, in steady seconds."""
    warm_models: frozenset[ModelFile] = frozenset()
    """Models of the last job that the node was given."""
    given_at: float = 0.0
    """When the node was last given a job, in steady seconds."""
    is_managed: bool = False
    """Its agent added it and runs its server."""
    is_readable: bool = True
    """False: its row cannot be read and is not written. The node counts as lost, and an attempt on
    it goes on for as long as its agent is heard."""

    @property
    def is_claimable(self) -> bool:
        return self.agent_id is None or self.claim_status is ClaimStatus.LOST

"""A node as the core holds it: what operators want, what its agent says, how it behaves."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from contracts.scheduler.job_requests import ModelFile
from contracts.scheduler.nodes import Device, NewNode
from scheduler.domain.jobs import Attempt


class Standing(StrEnum):
    """What the world was last told of a node."""

    WANTED = "wanted"
    JOINED = "joined"
    LOST = "lost"


@dataclass(slots=True)
class Health:
    """What a node's failures say of it."""

    quarantines: int = 0
    """Quarantines since its last success; each is twice as long as the one before."""
    quarantined_until: datetime | None = None
    """Not before this; None: it is not in quarantine."""
    reason: str | None = None
    failed_versions: tuple[str, ...] = ()
    """Different workflow versions that failed on it in a row."""
    trial: int = 0
    """Number of the trial that ends the quarantine, once its time is over; 0: not asked for."""
    double_of: UUID | None = None
    """An older node that turned out to be the same ComfyUI."""


@dataclass(slots=True, eq=False)
class Abilities:
    """What a node can run."""

    digest: str = ""
    comfyui_version: str | None = None
    classes: frozenset[str] = frozenset()
    models: frozenset[ModelFile] = frozenset()
    devices: tuple[Device, ...] = ()

    @property
    def vram_mb(self) -> int:
        return sum(device.vram_total_mb for device in self.devices)


@dataclass(slots=True, eq=False)
class Contact:
    """What the newest beats said; never stored. Times are of the lease clock (leases.py)."""

    heard_at: float = 0.0
    """When the agent was last heard."""
    reached_at: float = 0.0
    """When the agent last said that ComfyUI answers."""
    beat_at: datetime | None = None
    is_reachable: bool = False
    reason: str | None = None
    foreign_prompts: int = 0
    vram_free_mb: int | None = None
    strangers: frozenset[UUID] = frozenset()
    """Attempts that take its slot though they are over for us; they are being recalled."""


@dataclass(slots=True, eq=False)
class Node:
    """One ComfyUI server. Only the core changes it."""

    id: UUID
    spec: NewNode
    created_at: datetime
    version: int = 0
    """Facts told about it."""
    standing: Standing = Standing.WANTED
    agent_id: UUID | None = None
    claim: int = 0
    health: Health = field(default_factory=Health)
    abilities: Abilities = field(default_factory=Abilities)
    contact: Contact = field(default_factory=Contact)
    attempts: dict[UUID, Attempt] = field(default_factory=dict[UUID, Attempt])
    lacks: set[str] = field(default_factory=set[str])
    """Versions that turned out not to run here although its abilities say so."""
    refusals: int = 0
    """Orders refused in a row."""
    rests_until: float = 0.0
    """After a refusal it is left alone till then, in steady seconds."""
    warm_models: frozenset[ModelFile] = frozenset()
    """Models of the last job it was given."""
    given_at: float = 0.0
    """When it was last given a job, in steady seconds."""

    @property
    def is_claimable(self) -> bool:
        return self.agent_id is None or self.standing is Standing.LOST

"""Declares nodes: servers as operators want them, as agents claim them, as they are."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, ClassVar, TypeAlias
from uuid import UUID

from pydantic import AfterValidator, BaseModel, Field

from contracts.access import Actor, IdempotencyKey
from contracts.agent import Accepted, AttemptOrder
from contracts.message import Command, Query, Signal
from contracts.scheduler.job_requests import ModelFile
from contracts.scheduler.jobs import Progress


class NodePhase(StrEnum):
    JOINING = "joining"
    """Wanted, but no agent has it in hand yet, or its capabilities are unknown."""
    READY = "ready"
    BUSY = "busy"
    DRAINING = "draining"
    """Finishes what it has and gets nothing new."""
    QUARANTINED = "quarantined"
    LOST = "lost"
    """No beat for 4 s."""
    DISABLED = "disabled"


Setting: TypeAlias = str | int | float | bool
MOST_ENGINE_SETTINGS, LONGEST_SETTING = 50, 2_000


def bounded(settings: dict[str, Setting]) -> dict[str, Setting]:
    texts = (*settings, *(value for value in settings.values() if isinstance(value, str)))
    if max(map(len, texts), default=0) > LONGEST_SETTING:
        raise ValueError(f"a name or value is longer than {LONGEST_SETTING} characters")
    return settings


EngineName: TypeAlias = Annotated[
    str, Field(pattern=r"^[a-z][a-z0-9_-]{0,39}$", description="Kind of server that runs there.")
]
EngineSettings: TypeAlias = Annotated[
    dict[str, Setting],
    Field(max_length=MOST_ENGINE_SETTINGS, description="Settings of its engine, by their names."),
    AfterValidator(bounded),
]


class NodeSettings(BaseModel):
    """Settings of a node that operators choose and may see."""

    name: str = Field(
        min_length=1, max_length=80, description="Name for people; two nodes may share one."
    )
    base_url: str = Field(
        max_length=2_000, description="Address of its server: `http://10.0.0.7:8188`."
    )
    engine: EngineName = "comfyui"
    engine_settings: EngineSettings = {}
    is_enabled: bool = Field(default=True, description="False: the node gets no new jobs.")
    max_queue: int = Field(
        default=2, ge=1, le=16, description="Most prompts on the node, foreign ones included."
    )
    priority: int = Field(default=0, description="Among equal nodes the highest gets jobs first.")
    labels: dict[str, str] = Field(
        default_factory=dict, description="Names and values for finding the node again."
    )
    pool: str = Field(default="default", description="Only agents of this pool claim the node.")


class NewNode(NodeSettings):
    """A server to add as a node."""

    headers: dict[str, str] = Field(
        default_factory=dict,
        description="Headers for every request to the server, e.g. for a proxy; never shown.",
    )


class NodeSpec(NewNode):
    """The server that an operator wants as a node. Value of bucket `nodes`, by node id."""

    node_id: UUID
    agent_id: UUID | None = Field(default=None, description="Agent that holds the claim, if any.")
    claim: int = Field(default=0, description="Number of the newest claim.")
    is_claimable: bool = Field(default=True, description="True if no living agent holds it.")
    trial: int = Field(
        default=0,
        description="Number of the trial that the agent must run: a prompt without a model. "
        "The node stays in quarantine until it passes; 0: none.",
    )


class ClaimView(BaseModel):
    claim: int = Field(description="Beats, orders and reports carry it; older ones are ignored.")
    epoch: int
    spec: NodeSpec
    live: list[AttemptOrder] = Field(description="Attempts the node may still have.")


class ClaimNode(Command[ClaimView]):
    """Take a node in hand. Errors: NotFound, Conflict (`claimed`: a living agent has it)."""

    subject: ClassVar[str] = "command.scheduler.claim_node.v1.{agent_id}"
    sent_by: ClassVar = ("node-agent",)
    agent_id: UUID
    node_id: UUID


class Device(BaseModel):
    name: str = Field(description="As ComfyUI names it.")
    vram_total_mb: int = Field(default=0, description="Memory in all.")
    vram_free_mb: int = Field(default=0, description="Memory free now.")


class Capabilities(BaseModel):
    """Everything a server can run; `digest` changes when anything of it changes."""

    digest: str = Field(description="blake2b of the server's whole description of itself.")
    engine_version: str = Field(description="ComfyUI's own version text.")
    classes: list[str]
    models: list[ModelFile]


class ReportCapabilities(Command[Accepted]):
    """Report what the node can run, after a claim and each change. Errors: Conflict (stale)."""

    subject: ClassVar[str] = "command.scheduler.report_capabilities.v1.{node_id}"
    sent_by: ClassVar = ("node-agent",)
    node_id: UUID
    claim: int
    devices: list[Device] = Field(default_factory=list[Device])
    capabilities: Capabilities


class AttemptPhase(StrEnum):
    PREPARING = "preparing"
    """In the agent's memory: inputs are staged, nothing is posted."""
    POSTED = "posted"
    """Inside ComfyUI: queued or executing."""
    UPLOADING = "uploading"
    """Executed; the slot is free again."""
    REPORTING = "reporting"
    """Over; the scheduler has not answered the report yet."""


class BeatAttempt(BaseModel):
    attempt_id: UUID
    phase: AttemptPhase
    progress: Progress = Progress()


class NodeBeat(Signal):
    """Each second, and at once when a slot comes free: the agent has this node in hand."""

    subject: ClassVar[str] = "signal.node.beat.v1.{node_id}"
    sent_by: ClassVar = ("node-agent",)
    received_by: ClassVar = ("scheduler",)
    node_id: UUID
    claim: int
    is_reachable: bool = Field(description="ComfyUI answered the last probe.")
    reason: str | None = Field(default=None, description="Why it is not ready, for people.")
    is_dead: bool = Field(default=False, description="It answers but runs nothing.")
    attempts: list[BeatAttempt] = Field(default_factory=list[BeatAttempt])
    foreign_prompts: int = Field(default=0, description="Prompts on it that are not ours.")
    vram_free_mb: int | None = None
    passed_trial: int = Field(default=0, description="The newest trial that was passed.")
    other_node_id: UUID | None = Field(
        default=None, description="Its ComfyUI has prompts of this node too: they are one server."
    )


class SchedulerLed(Signal):
    """Each second: I lead, in this epoch."""

    subject: ClassVar[str] = "signal.scheduler.led.v1"
    sent_by: ClassVar = ("scheduler",)
    received_by: ClassVar = ("node-agent",)
    epoch: int


class NodeView(NodeSettings):
    """A node as it is now."""

    id: UUID = Field(description="The node.")
    phase: NodePhase = Field(description="Phase of the node; `ready` and `busy` nodes get jobs.")
    reason: str | None = Field(default=None, description="Reason for the phase, for people.")
    engine_version: str | None = Field(default=None, description="Version of its engine.")
    devices: list[Device] = Field(default_factory=list[Device], description="Its accelerators.")
    vram_free_mb: int | None = Field(default=None, description="Memory free on its first device.")
    class_count: int = Field(default=0, description="Number of graph-node classes.")
    model_count: int = Field(default=0, description="Number of model files.")
    digest: str | None = Field(default=None, description="Digest of everything that it can run.")
    running_job_ids: list[UUID] = Field(
        default_factory=list[UUID], description="Jobs that run on it now."
    )
    foreign_prompts: int = Field(
        default=0, description="Prompts on it that ComfyFleet did not post."
    )
    last_beat_at: datetime | None = Field(
        default=None, description="Time of its agent's newest beat."
    )


class NodeList(BaseModel):
    items: list[NodeView] = Field(description="The nodes.")


class ListNodes(Query[NodeList]):
    """Every node of the fleet."""

    subject: ClassVar[str] = "query.scheduler.list_nodes.v1"
    sent_by: ClassVar = ("gateway", "workflow-registry")
    actor: Actor


class AddNode(Command[NodeView]):
    """Add a ComfyUI server. Errors: Conflict (`node_exists`: same base_url)."""

    subject: ClassVar[str] = "command.scheduler.add_node.v1"
    sent_by: ClassVar = ("gateway",)
    actor: Actor
    node_id: UUID
    node: NewNode
    idempotency: IdempotencyKey | None = None


class RemoveNode(Command[Accepted]):
    """Forget a node; what runs on it is run again elsewhere. Errors: NotFound."""

    subject: ClassVar[str] = "command.scheduler.remove_node.v1"
    sent_by: ClassVar = ("gateway",)
    actor: Actor
    node_id: UUID

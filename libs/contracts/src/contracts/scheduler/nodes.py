"""Declares nodes: their settings, entries, capabilities and views."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, TypeAlias
from uuid import UUID

from pydantic import AfterValidator, BaseModel, Field

from contracts.scheduler.job_requests import ModelFile
from contracts.values import LongText


class NodePhase(StrEnum):
    """Where a node is in its life; `ready` nodes get jobs, `busy` ones when their slot is free."""

    JOINING = "joining"
    """Added; no agent has claimed it yet, its capabilities are unknown, or its new server has not
    passed a trial."""
    READY = "ready"
    BUSY = "busy"
    DRAINING = "draining"
    """Finishes its attempts and gets no new job: an operator drains or disables it, or its agent
    is about to restart its server, does so, or warms it up."""
    QUARANTINED = "quarantined"
    LOST = "lost"
    """No beat for 4 s, or the agent cannot reach its engine."""
    DISABLED = "disabled"
    """An operator disabled it: no agent has it."""


ENGINES = ("comfyui",)
"""Engines that agents of this release have; a new node has one of them."""

Setting: TypeAlias = str | int | float | bool
MOST_ENGINE_SETTINGS, LONGEST_SETTING = 50, 16_000


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
    Field(max_length=MOST_ENGINE_SETTINGS, description="Settings of its engine, by name."),
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
    is_enabled: bool = Field(
        default=True,
        description="False: it finishes its jobs and gets no new one, then its agent lets go of it "
        "until it is enabled.",
    )
    is_draining: bool = Field(
        default=False,
        description="True: it finishes its jobs and gets no new one until it is resumed; "
        "its agent stays.",
    )
    max_queue: int = Field(
        default=2,
        ge=1,
        le=16,
        description="The node gets no job while this many prompts from outside the fleet "
        "are on it.",
    )
    priority: int = Field(
        default=0, description="Among nodes that suit a job equally, the highest gets it."
    )
    labels: dict[str, str] = Field(
        default_factory=dict, description="Names and values by which operators find the node."
    )
    pool: str = Field(default="default", description="Only agents of this pool claim the node.")
    machine: str | None = Field(
        default=None,
        pattern=r"^[A-Za-z0-9_.-]{1,100}$",
        description="Only agents on the machine of this name claim the node, so `base_url` may be "
        "a loopback address there. null: any agent of the pool.",
    )


MAX_SETTINGS_BYTES = 64 * 1024
"""Settings of one node as JSON, so that they fit into messages beside other things."""


class NewNode(NodeSettings):
    """A server to add as a node."""

    headers: dict[str, str] = Field(
        default_factory=dict,
        description="Headers of every request to the server, e.g. for a proxy; never shown.",
    )


class NodeChanges(BaseModel):
    """New values of a node's settings. A setting that is absent, or null, stays as it is."""

    name: str | None = Field(default=None, min_length=1, max_length=80, description="Its new name.")
    base_url: str | None = Field(
        default=None,
        max_length=2_000,
        description="New address. Running attempts are looked for there: if it is another server, "
        "their jobs run again.",
    )
    engine_settings: EngineSettings | None = Field(
        default=None, description="All settings of its engine; those before are gone."
    )
    is_enabled: bool | None = Field(
        default=None, description="False: disable it once its jobs are done. True: enable it."
    )
    max_queue: int | None = Field(
        default=None, ge=1, le=16, description="Its new number of prompts from outside the fleet."
    )
    priority: int | None = Field(default=None, description="Its new priority.")
    labels: dict[str, str] | None = Field(
        default=None, description="All its labels; those before are gone."
    )
    pool: str | None = Field(
        default=None,
        description="Its new pool. An agent of that pool takes over, running attempts included.",
    )
    headers: dict[str, str] | None = Field(
        default=None,
        description="All headers of requests to its server; those before are gone. Never shown.",
    )


class NodeEntry(NodeSettings):
    """A node's settings, claim and requested trial, as all agents read them: without its headers.

    Value of bucket `nodes`, by node id. A disabled node's entry is enabled until its last attempt
    has ended, so that an agent finishes them.
    """

    node_id: UUID
    agent_id: UUID | None = Field(
        default=None, description="The agent that holds the claim, if any."
    )
    claim: int = Field(
        default=0,
        description="Number of the newest claim; a message with an older number is ignored.",
    )
    is_claimable: bool = Field(default=True, description="No living agent holds the claim.")
    trial: int = Field(
        default=0,
        description="Number of the trial that the agent must run: work that needs no model. "
        "A new server, or one in quarantine, gets no job until the trial passes. 0: no trial is "
        "requested.",
    )
    headers_digest: str = Field(
        default="",
        description="Keyed digest of its headers; when it changes, the agent claims the node anew.",
    )


class ClaimedNode(NodeEntry, NewNode):
    """A node's entry with its headers, for the agent that holds the claim."""


class Device(BaseModel):
    """One accelerator of a server."""

    name: str = Field(description="Name that the engine gives it.")
    vram_total_mb: int = Field(default=0, description="Total memory.")
    vram_free_mb: int = Field(default=0, description="Free memory at the time of the report.")


class Capabilities(BaseModel):
    """Everything a server can run, or one page of it.

    `digest` changes whenever the description changes.
    """

    digest: str = Field(description="blake2b of the server's whole description of itself.")
    engine_version: str = Field(description="The engine's own version text.")
    classes: list[str]
    models: list[ModelFile]


class NodeView(NodeSettings):
    """A node as it is now."""

    id: UUID = Field(description="The node.")
    phase: NodePhase = Field(
        description="Its phase; `ready` nodes get jobs, `busy` ones when their slot is free."
    )
    reason: LongText | None = Field(default=None, description="Reason for the phase, for people.")
    is_managed: bool = Field(
        default=False,
        description="Its agent added it and runs its server: the settings of the agent decide "
        "`base_url`, `pool` and `machine`.",
    )
    is_claimed: bool = Field(
        default=True,
        description="An agent has it, and answers for its queue, its log and its model folder.",
    )
    engine_version: str | None = Field(default=None, description="Version of its engine.")
    devices: list[Device] = Field(default_factory=list[Device], description="Its accelerators.")
    vram_free_mb: int | None = Field(default=None, description="Memory free on its largest device.")
    busy_fraction: float | None = Field(
        default=None,
        description="Share of about the last half minute in which its engine ran prompts, from 0 "
        "to 1. It is counted by the engine's queue, and is no measurement of the device.",
    )
    gpu_load: float | None = Field(
        default=None,
        description="Load of its GPU, from 0 to 1, as NVIDIA's driver tells it; null unless its "
        "agent runs the server.",
    )
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

"""Declares the messages between the scheduler and an agent about a node that it claims."""

from enum import StrEnum
from typing import ClassVar
from uuid import UUID

from pydantic import BaseModel, Field

from contracts.agent import AttemptOrder
from contracts.message import Accepted, Command, Signal
from contracts.scheduler.jobs import Progress
from contracts.scheduler.nodes import Capabilities, ClaimedNode, Device, NodeSettings


class ClaimView(BaseModel):
    claim: int = Field(
        description="Number of this claim. Beats, orders and reports carry it; a message with "
        "an older number is ignored."
    )
    epoch: int = Field(description="Epoch of the leader that granted the claim.")
    node: ClaimedNode = Field(description="The node's entry in bucket `nodes`, and its headers.")
    live: list[AttemptOrder] = Field(
        description="Orders of the attempts that may still run on the node, without their inputs, "
        "since their graphs are rendered already."
    )


class AnnounceNode(Command[Accepted]):
    """Add a server on the agent's machine as a node, or change the pool of a managed one.

    All other settings count for a new node only, since operators may have changed them. Errors:
    Invalid, Conflict (`node_exists`: another node has this address, or this id elsewhere).
    """

    subject: ClassVar[str] = "command.scheduler.announce_node.v1.{node_id}"
    sent_by: ClassVar = ("node-agent",)
    node_id: UUID = Field(description="Derived from machine and port, so it survives restarts.")
    node: NodeSettings
    is_managed: bool = Field(
        default=True,
        description="The agent runs the server. Otherwise somebody else does, and operators decide "
        "all settings of the node once it is there.",
    )


class ClaimNode(Command[ClaimView]):
    """Claim a node.

    Errors: NotFound, Conflict (`claimed`: a living agent has it; `node_unreadable`: the scheduler
    cannot read its row, go on with what runs).
    """

    subject: ClassVar[str] = "command.scheduler.claim_node.v1.{node_id}.{agent_id}"
    sent_by: ClassVar = ("node-agent",)
    agent_id: UUID
    node_id: UUID


class ReportCapabilities(Command[Accepted]):
    """Report what the node can run, after a claim and each change, in pages from the first.

    Each page has the digest of the whole and a part of its names; the last page completes it.
    Errors: Conflict (`stale_claim`; `page_missing`: begin with the first page again).
    """

    subject: ClassVar[str] = "command.scheduler.report_capabilities.v1.{node_id}"
    sent_by: ClassVar = ("node-agent",)
    node_id: UUID
    claim: int
    devices: list[Device] = Field(default_factory=list[Device])
    capabilities: Capabilities
    page: int = Field(default=0, ge=0, description="Number of this page, from 0.")
    pages: int = Field(default=1, ge=1, le=1_000, description="Total number of pages.")


class AttemptPhase(StrEnum):
    """Part of an attempt's life in which its agent is."""

    ADOPTING = "adopting"
    """A new agent looks for the attempt: an earlier agent may have posted it."""
    PREPARING = "preparing"
    """The agent stages the inputs; the engine has nothing of it yet."""
    POSTED = "posted"
    """Inside the engine: queued or executing."""
    UPLOADING = "uploading"
    """Executed: the agent stores the results, and the slot is free again."""
    REPORTING = "reporting"
    """Ended; the scheduler has not answered the report yet."""


class BeatAttempt(BaseModel):
    attempt_id: UUID
    phase: AttemptPhase
    progress: Progress = Progress()
    is_pending: bool = Field(
        default=False,
        description="The engine has it in its queue, behind other work, and has not begun.",
    )
    has_begun: bool = Field(
        default=False, description="The engine executes it. False also while that is unknown."
    )
    executed_seconds: float | None = Field(
        default=None,
        description="Execution time so far, by the agent's own clock; null if none was seen.",
    )


class NodeBeat(Signal):
    """An agent holds the claim on this node. Sent each second, and when a slot comes free."""

    subject: ClassVar[str] = "signal.node.beat.v1.{node_id}"
    sent_by: ClassVar = ("node-agent",)
    received_by: ClassVar = ("scheduler",)
    node_id: UUID
    claim: int
    is_reachable: bool = Field(description="The engine answered the last probe.")
    reason: str | None = Field(default=None, description="Why it is not ready, for people.")
    is_dead: bool = Field(default=False, description="The engine answers but executes nothing.")
    is_paused: bool = Field(
        default=False,
        description="The agent starts, warms up or restarts the node's server as planned, and "
        "takes no new attempt meanwhile.",
    )
    attempts: list[BeatAttempt] = Field(default_factory=list[BeatAttempt])
    foreign_prompts: int = Field(
        default=0, description="Prompts on it that ComfyFleet did not post."
    )
    leftover_prompts: int = Field(
        default=0, description="Prompts of ended attempts that are still on it."
    )
    vram_free_mb: int | None = Field(default=None, description="Memory free on its largest device.")
    busy_fraction: float | None = Field(
        default=None, ge=0, le=1, description="Share of the last half minute with running prompts."
    )
    gpu_load: float | None = Field(
        default=None, ge=0, le=1, description="Load of its GPU, as the driver tells it."
    )
    passed_trial: int = Field(
        default=0, description="Number of the newest trial that passed; 0: none."
    )
    other_node_id: UUID | None = Field(
        default=None,
        description="Another node whose attempts are on this server: both nodes are one server.",
    )


class SchedulerLed(Signal):
    """The sender leads in this epoch. Sent each second."""

    subject: ClassVar[str] = "signal.scheduler.led.v1"
    sent_by: ClassVar = ("scheduler",)
    received_by: ClassVar = ("node-agent",)
    epoch: int

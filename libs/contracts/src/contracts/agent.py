"""One attempt to run a job on one node: what the scheduler orders and the agent reports.

`attempt_id` is also ComfyUI's `prompt_id`, so whoever comes later can look it up there.
"""

from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar
from uuid import UUID

from pydantic import BaseModel, Field

from contracts.message import Command, Signal
from contracts.scheduler.jobs import JobError, Output, Progress


class Accepted(BaseModel):
    """The order is understood and remembered."""


class AttemptOrder(BaseModel):
    """All that an agent needs to run one attempt."""

    attempt_id: UUID
    job_id: UUID
    owner_id: UUID
    number: int = Field(ge=1, description="1 for a job's first attempt.")
    version_hash: str
    inputs: dict[str, Any]
    media: list[UUID] = Field(default_factory=list[UUID])
    grant: str = Field(
        description="Signed permission: media this attempt may read and results it may write."
    )
    timeout_seconds: float
    trace: dict[str, str] = Field(default_factory=dict, description="W3C trace context of the job.")


class RunAttempt(Command[Accepted]):
    """Run this on that node. Errors: Conflict (stale claim or epoch), Unavailable (no room)."""

    subject: ClassVar[str] = "command.node.run_attempt.v1.{node_id}"
    sent_by: ClassVar = ("scheduler",)
    node_id: UUID
    claim: int
    epoch: int
    order: AttemptOrder


class CancelAttempt(Command[Accepted]):
    """Make sure the attempt does not run, or stops. Remembered for 10 min, so it may come first."""

    subject: ClassVar[str] = "command.node.cancel_attempt.v1.{node_id}"
    sent_by: ClassVar = ("scheduler",)
    node_id: UUID
    claim: int
    epoch: int
    attempt_id: UUID


class Outcome(StrEnum):
    """The end of an attempt."""

    COMPLETED = "completed"
    FAILED = "failed"
    CANCELED = "canceled"


class Cause(StrEnum):
    """Why an attempt failed: the row of the retry table (architecture.md)."""

    UNREACHABLE = "unreachable"
    """ComfyUI or the agent went away before the prompt was accepted."""
    LOST = "lost"
    """ComfyUI forgot the prompt (it was restarted), or the agent returned without it."""
    NODE_FAULT = "node_fault"
    """The accelerator or the disk of the node is broken."""
    OUT_OF_MEMORY = "out_of_memory"
    MISSING = "missing"
    """A model or a custom node is not there."""
    WORKFLOW = "workflow"
    """A graph node raised, or ComfyUI refused the graph."""
    TIMEOUT = "timeout"
    POISON = "poison"
    """ComfyUI died under it."""
    OUTPUT = "output"
    """Results could not be stored."""
    INPUT = "input"
    """Inputs could not be staged."""


class AttemptResult(BaseModel):
    outcome: Outcome
    cause: Cause | None = Field(default=None, description="Only for `failed`.")
    error: JobError | None = Field(default=None, description="Only for `failed`.")
    outputs: list[Output] = Field(default_factory=list[Output])
    started_at: datetime | None = None
    executed_seconds: float | None = Field(default=None, description="Time inside ComfyUI.")


class FinishAttempt(Command[Accepted]):
    """The attempt ended so. Repeated until answered; the first report counts.

    Errors: Conflict (`stale_claim`): another agent owns the node now, forget the attempt.
    """

    subject: ClassVar[str] = "command.scheduler.finish_attempt.v1.{node_id}"
    sent_by: ClassVar = ("node-agent",)
    node_id: UUID
    claim: int
    attempt_id: UUID
    result: AttemptResult


class AttemptProgressed(Signal):
    """Progress of a running attempt; the body is what `job.progress` shows."""

    subject: ClassVar[str] = "signal.attempt.progressed.v1.{node_id}.{owner_id}.{job_id}"
    sent_by: ClassVar = ("node-agent",)
    received_by: ClassVar = ("gateway",)
    node_id: UUID = Field(exclude=True)
    owner_id: UUID = Field(exclude=True)
    job_id: UUID = Field(description="The job.")
    progress: Progress = Field(description="How far its running attempt is.")


class AttemptPreviewed(Signal):
    """A picture of a half-finished sample: at most 2 a second and 64 KiB, while watched."""

    subject: ClassVar[str] = "signal.attempt.previewed.v1.{node_id}.{owner_id}.{job_id}"
    sent_by: ClassVar = ("node-agent",)
    received_by: ClassVar = ("gateway",)
    node_id: UUID = Field(exclude=True)
    owner_id: UUID = Field(exclude=True)
    job_id: UUID = Field(description="The job.")
    content_type: str = Field(description="Type of the image.")
    data: str = Field(description="The image, base64.")


class JobWatched(Signal):
    """Somebody looks at this job now; repeated every 5 s while it is so."""

    subject: ClassVar[str] = "signal.job.watched.v1.{job_id}"
    sent_by: ClassVar = ("gateway",)
    received_by: ClassVar = ("node-agent",)
    job_id: UUID

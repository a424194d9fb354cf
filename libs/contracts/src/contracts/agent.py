"""One attempt to run a job on one node: the scheduler's orders and the agent's reports.

`attempt_id` is also the engine's id of the work, so a new agent can look the attempt up there.
"""

from enum import StrEnum
from typing import Any, ClassVar
from uuid import UUID

from pydantic import BaseModel, Field

from contracts.message import Accepted, Command, Signal
from contracts.scheduler.jobs import JobError, Output, Progress
from contracts.scheduler.timings import Timings


class AttemptOrder(BaseModel):
    """All that an agent needs to run one attempt."""

    attempt_id: UUID
    job_id: UUID
    owner_id: UUID
    number: int = Field(ge=1, description="Number of the attempt; 1 is the job's first.")
    version_hash: str
    inputs: dict[str, Any]
    media: list[UUID] = Field(default_factory=list[UUID])
    grant: str = Field(
        description="Signed permission to read the media and to write the results of this attempt."
    )
    timeout_seconds: float
    trace: dict[str, str] = Field(default_factory=dict, description="W3C trace context of the job.")


class RunAttempt(Command[Accepted]):
    """Run an attempt. Errors: Conflict (stale claim or epoch), Unavailable (no free slot)."""

    subject: ClassVar[str] = "command.node.run_attempt.v1.{node_id}"
    sent_by: ClassVar = ("scheduler",)
    node_id: UUID
    claim: int
    epoch: int
    order: AttemptOrder


class CancelAttempt(Command[Accepted]):
    """Stop an attempt. An agent remembers this for 10 min, so it may come before the order."""

    subject: ClassVar[str] = "command.node.cancel_attempt.v1.{node_id}"
    sent_by: ClassVar = ("scheduler",)
    node_id: UUID
    claim: int
    epoch: int
    attempt_id: UUID
    is_move: bool = Field(
        default=False,
        description="It holds only while the attempt waits in the engine, and moves its job.",
    )


class Outcome(StrEnum):
    """The end of an attempt."""

    COMPLETED = "completed"
    FAILED = "failed"
    CANCELED = "canceled"


class Cause(StrEnum):
    """Why an attempt failed; scheduler/domain/retry.py decides by it whether to try again."""

    UNREACHABLE = "unreachable"
    """The engine or the agent became unreachable before the engine accepted the attempt."""
    LOST = "lost"
    """The engine no longer knows the attempt, or a restarted agent no longer has the attempt."""
    NODE_FAULT = "node_fault"
    """The accelerator or the disk of the node is broken."""
    OUT_OF_MEMORY = "out_of_memory"
    MISSING = "missing"
    """A model file or a custom node is missing."""
    WORKFLOW = "workflow"
    """A graph node failed, or the engine refused the graph."""
    TIMEOUT = "timeout"
    POISON = "poison"
    """The engine crashed while running the attempt."""
    STOPPED = "stopped"
    """Somebody stopped the attempt in the engine itself."""
    OUTPUT = "output"
    """Results could not be stored."""
    INPUT = "input"
    """Inputs could not be staged."""
    UNAVAILABLE = "unavailable"
    """The version or the input files could not be read: the bucket was lost, a service is away."""


class AttemptEnd(BaseModel):
    outcome: Outcome
    cause: Cause | None = Field(default=None, description="Only for `failed`.")
    error: JobError | None = Field(default=None, description="Only for `failed`.")
    refused_input: str | None = Field(
        default=None,
        description="The input of the error's graph node whose value the engine does not take.",
    )
    is_moved: bool = Field(
        default=False,
        description="Only for `canceled`: the scheduler recalled the attempt to move its job.",
    )
    outputs: list[Output] = Field(default_factory=list[Output])
    executed_seconds: float | None = Field(
        default=None,
        description="Execution time in the engine, by the agent's clock; null if none was seen.",
    )
    timings: Timings | None = Field(
        default=None, description="Times of its graph nodes, if its engine told of them."
    )


class FinishAttempt(Command[Accepted]):
    """Report the end of an attempt. Repeated until answered; the first report counts.

    Errors: Conflict (`stale_claim`): another agent has the node now; forget the attempt.
    """

    subject: ClassVar[str] = "command.scheduler.finish_attempt.v1.{node_id}"
    sent_by: ClassVar = ("node-agent",)
    node_id: UUID
    claim: int
    attempt_id: UUID
    end: AttemptEnd


class AttemptSignal(Signal):
    """Fields of every signal about a running attempt."""

    sent_by: ClassVar = ("node-agent",)
    received_by: ClassVar = ("gateway",)
    node_id: UUID = Field(exclude=True)
    owner_id: UUID = Field(exclude=True)
    job_id: UUID = Field(description="The job.")


class AttemptProgressed(AttemptSignal):
    """Progress of a running attempt, as `job.progress` shows it."""

    subject: ClassVar[str] = "signal.attempt.progressed.v1.{node_id}.{owner_id}.{job_id}"
    progress: Progress = Field(description="Progress of its running attempt.")


class AttemptPreviewed(AttemptSignal):
    """A preview image of a running attempt: at most 2 a second, 64 KiB each, while watched."""

    subject: ClassVar[str] = "signal.attempt.previewed.v1.{node_id}.{owner_id}.{job_id}"
    content_type: str = Field(description="Media type of the image.")
    data: str = Field(description="The image in base64.")


class OwnerWatched(Signal):
    """A client watches all jobs of this user. Repeated every 5 s while it does."""

    subject: ClassVar[str] = "signal.owner.watched.v1.{owner_id}"
    sent_by: ClassVar = ("gateway",)
    received_by: ClassVar = ("node-agent",)
    owner_id: UUID


class JobWatched(Signal):
    """A client watches this job. Repeated every 5 s while it does."""

    subject: ClassVar[str] = "signal.job.watched.v1.{job_id}"
    sent_by: ClassVar = ("gateway",)
    received_by: ClassVar = ("node-agent",)
    job_id: UUID

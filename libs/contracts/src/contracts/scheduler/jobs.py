"""Declares the view of a job; `job_events.py` has the events about jobs.

queued → running → completed | failed | canceled | expired
   ↑________|  (requeued)  canceling → canceled

A job is queued until a server begins with it, also while it waits on a server behind other work.
"""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from pydantic import BaseModel, Field

from contracts.access import Priority
from contracts.values import LongText, Page, Unmet

CAUSES = (
    "`unreachable`, `lost`, `node_fault`, `out_of_memory`, `missing` (a model file or a custom "
    "node), `workflow` (a graph node failed), `timeout`, `poison` (it crashed the engine), "
    "`output` (results could not be stored), `input` (files could not be brought to the node), "
    "`stopped` (somebody stopped it in the engine), `unavailable` (the workflow "
    "version or the input files could not be read, for a quarter of an hour)"
)
"""Values of `contracts.agent.Cause`, for readers of the API."""


class JobStatus(StrEnum):
    """Status of a job; the last four are terminal."""

    QUEUED = "queued"
    RUNNING = "running"
    CANCELING = "canceling"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELED = "canceled"
    EXPIRED = "expired"

    @property
    def is_terminal(self) -> bool:
        return self in TERMINAL


TERMINAL = frozenset({JobStatus.COMPLETED, JobStatus.FAILED, JobStatus.CANCELED, JobStatus.EXPIRED})


class Progress(BaseModel):
    """Progress of the running attempt, for people who wait; no decision depends on it."""

    fraction: float = Field(
        default=0.0, ge=0, le=1, description="Fraction of the graph that is done."
    )
    step: int | None = Field(default=None, description="Sampler step of the current graph node.")
    steps: int | None = Field(default=None, description="Sampler steps of the current graph node.")
    graph_node: str | None = Field(default=None, description="Id of the graph node that runs.")
    graph_node_class: str | None = Field(default=None, description="Class of that graph node.")
    graph_nodes_done: int = Field(default=0, description="Graph nodes finished or cached.")
    graph_nodes_total: int = Field(
        default=0,
        description="Graph nodes in the rendered graph; 0: not known, as before an attempt runs "
        "and after the job has ended.",
    )
    message: str | None = Field(default=None, description="Current activity, for people.")


class JobError(BaseModel):
    """Why a job failed."""

    code: str = Field(description="Stable name of the failure, for programs.")
    message: LongText = Field(description="Description of the failure, for people.")
    graph_node: str | None = Field(default=None, description="Id of the graph node that failed.")
    graph_node_class: str | None = Field(default=None, description="Class of that graph node.")
    cause: str | None = Field(default=None, description=f"Why the attempt failed: {CAUSES}.")


class Output(BaseModel):
    """One result file of a job."""

    name: str = Field(description="Name of the output in the workflow's spec.")
    index: int = Field(ge=0, description="Position among the files of that output, from 0.")
    media_id: UUID = Field(description="The media that holds the file.")
    kind: str = Field(description="`image`, `video`, `audio`, `3d`, `text` or `file`.")
    content_type: str = Field(description="Media type, detected from the content.")
    width: int | None = Field(default=None, description="Pixels; images and videos only.")
    height: int | None = Field(default=None, description="Pixels; images and videos only.")
    frame_count: int | None = Field(default=None, description="Frames of a video.")
    duration_seconds: float | None = Field(
        default=None, description="Length of a video or sound; null if it was not measured in time."
    )
    size_bytes: int = Field(description="Size of the file.")
    is_withheld: bool = Field(
        default=False,
        description="The file could not be freed of the prompt and graph that it may hold: only a "
        "caller who may read graphs gets its content.",
    )


class JobSummary(BaseModel):
    """A job as it is now, without its inputs, which can be large."""

    id: UUID = Field(description="The job.")
    status: JobStatus = Field(description="Status of the job.")
    workflow: str = Field(
        description="`name@version`, as resolved at submission; `graph@hash` of a raw graph."
    )
    owner_id: UUID = Field(description="The user who owns the job.")
    priority: Priority = Field(description="Priority of the job.")
    labels: dict[str, str] = Field(default_factory=dict, description="Labels of the job.")
    batch_id: UUID | None = Field(default=None, description="The batch that it is part of.")
    retry_of: UUID | None = Field(default=None, description="The job that this one runs again.")
    created_at: datetime = Field(description="When the job was accepted.")
    started_at: datetime | None = Field(
        default=None, description="When a server first began with the job."
    )
    finished_at: datetime | None = Field(default=None, description="When the job ended.")
    queue_position: int | None = Field(
        default=None,
        description="Position in the queue; 1 is next. Null if no node can run the job.",
    )
    reason: str | None = Field(
        default=None, description="Reason why a queued job still waits, for people."
    )
    eta_seconds: float | None = Field(
        default=None, description="Estimated time until the job ends; null if unknown."
    )
    progress: Progress = Field(default=Progress(), description="Progress of the running attempt.")
    seed: int | None = Field(default=None, description="Seed of the job.")
    outputs: list[Output] = Field(default_factory=list[Output], description="Result files.")
    error: JobError | None = Field(default=None, description="Why the job failed or expired.")
    attempt_count: int = Field(default=0, description="Number of attempts so far.")
    version: int = Field(description="Increases by 1 with each change.")
    is_runnable: bool = Field(default=True, description="Some node of the fleet can run the job.")
    unmet: list[Unmet] = Field(
        default_factory=list[Unmet],
        description="If no node can run the job: each requirement that the best node "
        "does not meet, with graph node, input, value and reason.",
    )
    deadline: datetime | None = Field(
        default=None, description="The job expires if it has not ended by then."
    )


class JobView(JobSummary):
    """A job as it is now."""

    inputs: dict[str, Any] = Field(
        default_factory=dict, description="Inputs, including defaults and seeds."
    )


class JobList(BaseModel):
    """Jobs found by id."""

    items: list[JobView]
    left: list[UUID] = Field(
        default_factory=list[UUID],
        description="Ids that were not looked up: with them, the answer would be too large.",
    )


class JobPage(Page[JobSummary]):
    """A page of jobs."""

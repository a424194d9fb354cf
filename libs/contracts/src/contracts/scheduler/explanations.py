"""Declares the explanation of a job: what keeps it from each node now."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from pydantic import BaseModel, Field

from contracts.access import UserQuery
from contracts.scheduler.jobs import JobStatus
from contracts.values import ShortText

CODES = (
    "`missing` (a model file or a class), `incompatible`, `refused`, `disabled`, `draining`, "
    "`unreadable`, `no_agent`, `silent`, `joining`, `quarantined`, `paused` (its server is started "
    "or replaced), `unreachable`, `resting`, `stopping`, `foreign_work`, `busy`, `uploading`, "
    "`too_small` (too little VRAM), `avoided` (the job failed on it), `held` (a limit or a delay "
    "holds the job), or `free`"
)
"""Codes of the filters of placement, for readers of the API."""


class NodeObstacle(BaseModel):
    """Why one node does not take the job now."""

    node_id: UUID = Field(description="The node.")
    name: str = Field(description="Its name.")
    code: str = Field(description=f"Name of the reason, for programs: {CODES}.")
    message: ShortText = Field(description="The reason, for people.")
    free_in_seconds: float | None = Field(
        default=None, description="Estimated time until its slot is free; null if unknown."
    )


class ObstacleCount(BaseModel):
    """The number of nodes that do not take the job for one reason."""

    code: str = Field(description=f"Name of the reason, for programs: {CODES}.")
    message: ShortText = Field(description="The reason, for people; it names no node.")
    count: int = Field(description="Number of nodes.")
    free_in_seconds: float | None = Field(
        default=None,
        description="Estimated time until the slot of the first of them is free; null if unknown.",
    )


class JobHold(BaseModel):
    """Why a job may not start on any node."""

    code: str = Field(
        description="`delayed` (an attempt failed), `unavailable` (its workflow version "
        "or input files cannot be read), `dispatch_paused` (by an operator), `owner_running_limit` "
        "or `fleet_running_limit`."
    )
    message: ShortText = Field(description="The reason, for people.")
    until: datetime | None = Field(
        default=None,
        description="When it ends; null: when a running job ends, or an operator ends the pause.",
    )


class OwnerShare(BaseModel):
    """The turn of the job's owner. Within one priority, owners take turns."""

    running_count: int = Field(description="Jobs of the owner that nodes have.")
    waiting_count: int = Field(description="Jobs of the owner that wait for a node.")
    before_count: int | None = Field(
        default=None,
        description="Jobs of the owner that wait and come before this one; null if no node can "
        "run it, or if too many wait to be counted.",
    )
    owner_count: int = Field(description="Owners with jobs of this priority that wait.")


class JobExplanation(BaseModel):
    """Why a job waits, or where it is."""

    job_id: UUID = Field(description="The job.")
    status: JobStatus = Field(description="Status of the job.")
    message: ShortText = Field(description="The answer in one sentence, for people.")
    hold: JobHold | None = Field(
        default=None, description="The limit or delay that holds the job, whichever node is free."
    )
    share: OwnerShare | None = Field(
        default=None, description="The turn of the owner; null if the job waits for no node."
    )
    node_count: int = Field(default=0, description="Nodes of the fleet, if the job waits for one.")
    obstacles: list[ObstacleCount] = Field(
        default_factory=list[ObstacleCount],
        description="The reasons why no node takes the job now, the most frequent first, at most "
        "20. On the first page only.",
    )
    nodes: list[NodeObstacle] = Field(
        default_factory=list[NodeObstacle],
        description="Each node of this page with its reason, by id; needs `nodes:read`.",
    )
    next_cursor: UUID | None = Field(
        default=None, description="`cursor` of the next page of nodes; null on the last page."
    )


class ExplainJob(UserQuery[JobExplanation]):
    """Explain why a job waits, with a reason for each node. Errors: NotFound.

    Only an actor with `nodes:read` sees nodes; others see how many nodes have each reason.
    """

    subject: ClassVar[str] = "query.scheduler.explain_job.v1"
    job_id: UUID
    limit: int = Field(default=100, ge=1, le=200, description="Nodes on a page.")
    cursor: UUID | None = Field(default=None, description="`next_cursor` of the page before.")

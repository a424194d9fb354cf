"""Declares the pause of the dispatch, and the overview of a fleet for its operators."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from pydantic import BaseModel, Field

from contracts.access import Priority, UserCommand, UserQuery
from contracts.event import Event
from contracts.scheduler.nodes import NodePhase
from contracts.values import ShortText

FLEET = "fleet"
"""The whole fleet, as the scope of a pause."""
MOST_OWNERS = 10


class DispatchView(BaseModel):
    """Tells whether waiting jobs get nodes."""

    is_paused: bool = Field(description="Whether no waiting job gets a node; running jobs go on.")
    paused_by: UUID | None = Field(
        default=None, description="The user who paused it; null if it is not paused."
    )
    paused_at: datetime | None = Field(
        default=None, description="When it was paused; null if it is not."
    )
    reason: ShortText | None = Field(default=None, description="Why, as that user said.")


class PauseDispatch(UserCommand[DispatchView]):
    """Give nodes to no waiting job until somebody resumes the dispatch.

    Work that nodes have goes on. A repetition changes nothing.
    """

    subject: ClassVar[str] = "command.scheduler.pause_dispatch.v1"
    reason: ShortText | None = None


class ResumeDispatch(UserCommand[DispatchView]):
    """Give nodes to waiting jobs again. A repetition changes nothing."""

    subject: ClassVar[str] = "command.scheduler.resume_dispatch.v1"


class DispatchEvent(Event):
    """An event about the dispatch: any event below."""

    sent_by: ClassVar = ("scheduler",)
    aggregate_key = "scope"

    scope: str = Field(default=FLEET, description="`fleet`: the dispatch of all jobs.")
    user_id: UUID = Field(description="The user who did it.")
    reason: ShortText | None = None


class DispatchPaused(DispatchEvent):
    """An operator paused the dispatch: no waiting job gets a node."""

    subject: ClassVar[str] = "event.dispatch.paused.v1.{scope}"


class DispatchResumed(DispatchEvent):
    """An operator resumed the dispatch."""

    subject: ClassVar[str] = "event.dispatch.resumed.v1.{scope}"


class OwnerLoad(BaseModel):
    """The waiting jobs of one owner."""

    owner_id: UUID = Field(description="The user.")
    waiting_job_count: int = Field(description="Jobs of the user that wait.")
    oldest_created_at: datetime = Field(description="When the oldest of them was submitted.")


class OverviewView(BaseModel):
    """The fleet as it is now."""

    dispatch: DispatchView = Field(description="Whether an operator has paused the dispatch.")
    node_count_by_phase: dict[NodePhase, int] = Field(description="Nodes in each phase.")
    waiting_job_count_by_priority: dict[Priority, int] = Field(
        description="Jobs of each priority that are queued."
    )
    running_job_count_by_priority: dict[Priority, int] = Field(
        description="Jobs of each priority that run or are being canceled."
    )
    oldest_wait_seconds: float | None = Field(
        description="Time since the oldest queued job was submitted; null if none is queued."
    )
    owners: list[OwnerLoad] = Field(
        description=f"The {MOST_OWNERS} owners with the most queued jobs; empty without "
        "`jobs:read_all`."
    )


class FindOverview(UserQuery[OverviewView]):
    """Count nodes and unfinished jobs as they are now."""

    subject: ClassVar[str] = "query.scheduler.find_overview.v1"

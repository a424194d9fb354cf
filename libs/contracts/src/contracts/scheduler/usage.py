"""Declares the usage of the fleet: sums over the jobs and attempts that ended on a day."""

from datetime import date
from enum import StrEnum
from typing import Annotated, ClassVar
from uuid import UUID

from pydantic import AfterValidator, BaseModel, Field

from contracts.access import UserQuery
from contracts.values import Page, QueryText

MOST_ROWS = 1_000


class UsageGrouping(StrEnum):
    """By these, usage can be summed."""

    DAY = "day"
    OWNER = "owner"
    WORKFLOW = "workflow"
    NODE = "node"


class UsageRow(BaseModel):
    """The usage of one group. The seconds are GPU-seconds: the time of executions on nodes."""

    day: date | None = Field(
        default=None, description="Day in UTC, if usage is summed by day: that of the end."
    )
    owner_id: UUID | None = Field(default=None, description="The user, if it is summed by owner.")
    workflow: str | None = Field(
        default=None,
        description="`name@version`, if it is summed by workflow; `graph` for all raw graphs.",
    )
    node_id: UUID | None = Field(
        default=None,
        description="The node, if it is summed by node; null is for jobs that ended while they "
        "waited.",
    )
    completed_job_count: int = Field(description="Jobs that ended as completed.")
    failed_job_count: int = Field(description="Jobs that ended as failed.")
    canceled_job_count: int = Field(description="Jobs that ended as canceled.")
    expired_job_count: int = Field(description="Jobs that ended as expired.")
    attempt_count: int = Field(description="Attempts that executed on a node, or may have.")
    unmeasured_attempt_count: int = Field(
        description="Attempts among them whose time is not known; it counts as 0."
    )
    executed_seconds: float = Field(description="Time of all executions: the sum of those below.")
    completed_seconds: float = Field(description="Time of attempts that completed.")
    failed_seconds: float = Field(description="Time of attempts that failed.")
    canceled_seconds: float = Field(description="Time of attempts that were canceled.")
    expired_seconds: float = Field(
        description="Time of attempts that the deadline of their job ended, up to the last beat."
    )
    lost_seconds: float = Field(
        description="Time of attempts whose node went away, up to the last beat that told of them."
    )
    load_seconds: float | None = Field(
        default=None,
        description="Time in which graph nodes loaded model files, as far as it is known; null if "
        "it is known of no attempt.",
    )
    load_measured_attempt_count: int = Field(
        default=0,
        description="Attempts whose time of loading is known: `load_seconds` is of these alone.",
    )


class UsagePage(Page[UsageRow]):
    """A page of usage."""


def each_once(groupings: list[UsageGrouping]) -> list[UsageGrouping]:
    return list(dict.fromkeys(groupings))


class UsageFilters(BaseModel):
    """Groups and filters of sums of usage."""

    by: Annotated[list[UsageGrouping], AfterValidator(each_once)] = Field(
        default=[UsageGrouping.DAY],
        min_length=1,
        max_length=4,
        description="One row for each of these, or for each combination; rows are in their order.",
    )
    owner_id: UUID | None = Field(
        default=None, description="Usage of this user; needs `jobs:read_all`."
    )
    limit: int = Field(default=100, ge=1, le=MOST_ROWS, description="Rows on a page.")
    cursor: QueryText | None = Field(
        default=None, max_length=400, description="`next_cursor` of the page before."
    )


class FindUsage(UsageFilters, UserQuery[UsagePage]):
    """Sum the usage of some days by groups, in the order of `by`.

    Errors: Forbidden (`missing_permission`): usage of others needs `jobs:read_all`.
    """

    subject: ClassVar[str] = "query.scheduler.find_usage.v1"
    first_day: date
    last_day: date = Field(description="It counts too.")

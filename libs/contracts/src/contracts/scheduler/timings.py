"""Declares how long the graph nodes of an attempt took, and the query for them."""

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from math import isfinite
from typing import Annotated, ClassVar, TypeAlias
from uuid import UUID

from pydantic import AfterValidator, BaseModel, Field

from contracts.access import UserQuery
from contracts.values import shortened

MOST_GRAPH_NODES = 200
"""Of each attempt; the longest ones are kept."""


def if_possible(seconds: float | None) -> float | None:
    """Return None for a time that cannot be: a report is taken whatever an agent measured."""
    return seconds if seconds is not None and isfinite(seconds) and seconds >= 0 else None


NameText: TypeAlias = Annotated[str, AfterValidator(partial(shortened, most=80))]
Seconds: TypeAlias = Annotated[float | None, AfterValidator(if_possible)]


class GraphNodeTiming(BaseModel):
    """The time of one graph node that ran, or whose result the engine still had."""

    graph_node: NameText = Field(description="Id of the graph node.")
    graph_node_class: NameText = Field(description="Class of that graph node.")
    seconds: Seconds = Field(
        default=None,
        description="From its start to the start of the next one; null if a part is not known.",
    )
    is_cached: bool = Field(
        default=False, description="The engine had its result, or most of it, and took that."
    )


def longest(timings: Sequence[GraphNodeTiming]) -> list[GraphNodeTiming]:
    by_seconds = sorted(timings, key=lambda timing: -(timing.seconds or 0.0))
    return by_seconds[:MOST_GRAPH_NODES]


class Timings(BaseModel):
    """The times of the graph nodes of one attempt."""

    graph_nodes: Annotated[list[GraphNodeTiming], AfterValidator(longest)] = Field(
        description=f"The longest first; at most {MOST_GRAPH_NODES}."
    )
    graph_node_count: int = Field(
        description="Graph nodes that ran or were cached, also those left out of the list."
    )
    is_whole: bool = Field(
        description="The agent heard everything that the engine told about the attempt."
    )
    load_seconds: Seconds = Field(
        default=None,
        description="Time of the graph nodes that load model files; null if it is not known. An "
        "engine may move weights to the GPU later, which is part of other graph nodes.",
    )


class AttemptView(BaseModel):
    """One attempt of a job."""

    number: int = Field(description="Number of the attempt; 1 is the first.")
    node_id: UUID = Field(description="The node.")
    created_at: datetime = Field(description="When the node was chosen.")
    ended_at: datetime | None = Field(description="When it ended; null while it is alive.")
    outcome: str | None = Field(description="`completed`, `failed`, `canceled` or `expired`.")
    cause: str | None = Field(description="Why it failed.")
    executed_seconds: float | None = Field(
        description="Time of the execution; null if it is not known or has not ended."
    )
    timings: Timings | None = Field(
        description="Times of its graph nodes; null if nobody reported them."
    )


class TimingsView(BaseModel):
    """The attempts of a job, with the times of their graph nodes."""

    attempts: list[AttemptView] = Field(
        description="The newest first; the oldest of many are left out."
    )


class FindTimings(UserQuery[TimingsView]):
    """Find the attempts of a job, and how long their graph nodes took. Errors: NotFound."""

    subject: ClassVar[str] = "query.scheduler.find_timings.v1"
    job_id: UUID

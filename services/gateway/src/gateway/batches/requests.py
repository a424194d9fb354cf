"""Requests about batches: the items of a batch come as a list, as a grid, or as a count."""

import math
from collections.abc import Iterator
from itertools import product
from typing import Annotated, Any, Self, TypeAlias
from uuid import UUID

from fastapi import Path
from pydantic import Field, model_validator

from contracts.scheduler import batches
from contracts.scheduler.batches import MOST_ITEMS
from gateway.http.bodies import Strict
from gateway.jobs.requests import REFERENCE, RunRequest

BatchId: TypeAlias = Annotated[UUID, Path(description="Id of the batch.")]
MOST_GRID_INPUTS = 20


class BatchItemRequest(Strict):
    """One job of a batch."""

    inputs: dict[str, Any] = Field(
        max_length=500, description="Values by name of the input; they go before shared ones."
    )


class BatchRequest(RunRequest):
    """Jobs of one workflow: exactly one of `items`, `grid` and `count` says which."""

    workflow: str = Field(max_length=80, description=REFERENCE)
    items: list[BatchItemRequest] | None = Field(
        default=None,
        min_length=1,
        max_length=MOST_ITEMS,
        description="One job for each item, with its own inputs.",
    )
    grid: dict[str, Annotated[list[Any], Field(min_length=1, max_length=MOST_ITEMS)]] | None = (
        Field(
            default=None,
            min_length=1,
            max_length=MOST_GRID_INPUTS,
            description="Values by name of the input: one job for each combination. The last "
            f"input changes fastest. At most {MOST_ITEMS} combinations.",
        )
    )
    count: int | None = Field(
        default=None,
        ge=1,
        le=MOST_ITEMS,
        description="So many jobs with equal inputs, each with its own drawn seed.",
    )

    @model_validator(mode="after")
    def says_once_which_jobs(self) -> Self:
        if sum(value is not None for value in (self.items, self.grid, self.count)) != 1:
            raise ValueError("expected exactly one of `items`, `grid` and `count`")
        if self.grid and (both := sorted(self.grid.keys() & self.inputs.keys())):
            raise ValueError(f"`{both[0][:100]}` is in `grid` and in `inputs`")
        size = math.prod(len(values) for values in (self.grid or {}).values())
        if size > MOST_ITEMS:
            raise ValueError(f"`grid` has {size} combinations; expected at most {MOST_ITEMS}")
        return self

    def inputs_of_items(self) -> Iterator[dict[str, Any]]:
        """Yield the given inputs of each job, in order."""
        if self.items is not None:
            yield from (self.inputs | item.inputs for item in self.items)
        elif self.grid is not None:
            for values in product(*self.grid.values()):
                yield self.inputs | dict(zip(self.grid, values, strict=True))
        else:
            yield from (self.inputs for _ in range(self.count or 0))


class BatchFilters(batches.BatchFilters, Strict):
    """The part of the list of batches that a caller wants."""

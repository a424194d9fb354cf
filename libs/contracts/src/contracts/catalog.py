"""Workflows as the registry publishes them, for the gateway and the agents to cache."""

from typing import Any

from pydantic import BaseModel, Field


class WorkflowName(BaseModel):
    """A workflow and its versions. Value of bucket `workflows`, key `name.<name>`."""

    name: str
    active_version: int | None = Field(description="None: nothing can be submitted by name alone.")
    versions: dict[int, str] = Field(description="Version number → hash.")
    title: str | dict[str, str]
    description: str | dict[str, str] = ""
    category: str
    requires_mask: bool = False
    problem: str | None = Field(default=None, description="Why its newest source was refused.")


class WorkflowVersionRecord(BaseModel):
    """Graph and spec. Value of bucket `workflows`, key `version.<hash>`; at most 512 KiB."""

    name: str
    version: int
    hash: str
    graph: dict[str, Any]
    spec: dict[str, Any]

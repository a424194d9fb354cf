"""Requests about nodes, with the bounds of each field."""

from typing import Annotated, Self, TypeAlias

from pydantic import ConfigDict, Field, model_validator

from contracts.scheduler.nodes import MAX_SETTINGS_BYTES, NewNode, NodeChanges
from contracts.values import LabelKey, LabelValue

HIGHEST_NODE_PRIORITY = 1_000
Priority: TypeAlias = Annotated[int, Field(ge=-HIGHEST_NODE_PRIORITY, le=HIGHEST_NODE_PRIORITY)]
Labels: TypeAlias = Annotated[dict[LabelKey, LabelValue], Field(max_length=16)]
Pool: TypeAlias = Annotated[str, Field(min_length=1, max_length=80)]
URL = r"^https?://[^/]"


class NodeRequest(NewNode):
    """A server to add."""

    model_config = ConfigDict(extra="forbid")

    base_url: str = Field(
        max_length=2_000,
        pattern=URL,
        description="Address of its server: `http://10.0.0.7:8188`.",
    )
    priority: Priority = Field(
        default=0, description="Among nodes that suit a job equally, the highest gets it."
    )
    labels: Labels = Field(
        default_factory=dict,
        description="Names and values by which operators find the node: at most 16, as in a job.",
    )
    pool: Pool = Field(default="default", description="Only agents of this pool claim the node.")

    @model_validator(mode="after")
    def fits(self) -> Self:
        """Refuse settings that would not fit into messages beside other things."""
        if len(self.model_dump_json().encode()) > MAX_SETTINGS_BYTES:
            raise ValueError(f"expected at most {MAX_SETTINGS_BYTES} bytes in all")
        return self


class NodePatch(NodeChanges):
    """Changes to a node. A setting that is absent, or null, stays as it is."""

    model_config = ConfigDict(extra="forbid")

    base_url: str | None = Field(
        default=None,
        max_length=2_000,
        pattern=URL,
        description="New address. Running attempts are looked for there: if it is another server, "
        "their jobs run again.",
    )
    priority: Priority | None = Field(default=None, description="Its new priority.")
    labels: Labels | None = Field(
        default=None, description="All its labels; those before are gone."
    )
    pool: Pool | None = Field(
        default=None,
        description="Its new pool. An agent of that pool takes over, running attempts included.",
    )

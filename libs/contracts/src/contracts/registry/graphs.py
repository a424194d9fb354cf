"""Raw graphs: a program runs a graph without a workflow around it.

The registry keeps each under the hash of its content, as a version that has neither a name of its
own nor a number. A caller needs the permission `graphs:run`.
"""

from typing import Any, ClassVar

from pydantic import BaseModel, Field

from contracts.access import UserCommand

HASH = r"^[0-9a-f]{64}$"
UNNUMBERED = 0
"""Number in the record of a raw graph; those of workflows begin with 1."""


class GraphView(BaseModel):
    """The version that a raw graph became, and the files that it named."""

    hash: str = Field(description="Key of the version in bucket `workflows`: `version.<hash>`.")
    inputs: dict[str, Any] = Field(
        default_factory=dict,
        description="The media of the graph, by the names that the version's spec gives them.",
    )


class StoreGraph(UserCommand[GraphView]):
    """Check a raw graph as an upload is checked, and keep it; equal graphs are one version.

    An input that takes a file holds `{"media": "<id>"}`, which becomes an input of the version.
    Errors: Invalid, Forbidden, Unavailable (`too_many_graphs`, `graphs_full`).
    """

    subject: ClassVar[str] = "command.registry.store_graph.v1"
    graph: dict[str, Any] = Field(description="In ComfyUI's API format or save format.")


class UseGraph(UserCommand[GraphView]):
    """Keep a raw graph for another job of it.

    Errors: NotFound (`version_gone`), Forbidden, Unavailable (`too_many_graphs`, `graphs_full`).
    """

    subject: ClassVar[str] = "command.registry.use_graph.v1"
    hash: str = Field(pattern=HASH)

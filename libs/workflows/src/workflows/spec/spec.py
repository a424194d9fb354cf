"""Workflow Spec v1: what a caller may set, how it reaches the graph, and what comes out.

A resolved spec stands for itself: no reference to the parameter library is left, and what
depends on the order of a file (fields, outputs) is written down, since JSON stores lose it.
"""

from functools import cached_property
from typing import Any, Literal, TypeAlias

from pydantic import Field

from workflows.spec.checks import Check, compile_check
from workflows.spec.parameter import InputSpec
from workflows.spec.requires import Requires
from workflows.spec.text import Strict, Text, Title

FORMAT = "comfyfleet/v1"
NAME = r"^[a-z][a-z0-9_-]{0,62}$"
KEY = r"^[A-Za-z][A-Za-z0-9_]{0,62}$"
OutputKind: TypeAlias = Literal["image", "video", "audio", "3d", "text", "file"]
Category: TypeAlias = Literal["image", "video", "audio", "3d", "utility"]


class OutputSpec(Strict):
    """A graph node whose files are kept."""

    node: str = Field(description="Id of the graph node.")
    kind: OutputKind = Field(description="What its files are.")
    title: Text | None = Field(default=None, description="Name of the output.")
    order: int | None = Field(default=None, description="Place among the outputs; else as written.")


class Limits(Strict):
    """Bounds of one job; roles cap them."""

    timeout_seconds: int | None = Field(
        default=None, ge=1, le=86_400, description="An attempt is interrupted after it."
    )
    max_attempts: int | None = Field(
        default=None, ge=1, le=10, description="Attempts before the job fails."
    )


class Spec(Strict):
    """What stands beside a graph to make it a workflow."""

    spec: Literal["comfyfleet/v1"] = Field(description="Format of this file.")
    name: str = Field(pattern=NAME, description="Address of the workflow.")
    title: Title = Field(default_factory=dict, description="Name for people.")
    category: Category = Field(default="image", description="Where it is listed.")
    description: Text = Field(default_factory=dict, description="What it does, in a sentence.")
    graph: str | None = Field(default=None, description="File that holds the graph.")
    inputs: dict[str, InputSpec] = Field(
        default_factory=dict[str, InputSpec], max_length=200, description="What may be set."
    )
    outputs: dict[str, OutputSpec] = Field(
        default_factory=dict[str, OutputSpec],
        max_length=50,
        description="Graph nodes whose files are kept; what none of them needs is not run.",
    )
    limits: Limits = Field(default_factory=Limits, description="Bounds of one job.")
    metadata: Literal["keep", "strip"] | None = Field(
        default=None,
        description="Whether pictures keep the prompt and the graph that ComfyUI writes into "
        "them; else as the fleet's rule says.",
    )
    requires: Requires = Field(
        default_factory=Requires,
        description="Custom nodes and models to install, and where they come from.",
    )
    example: dict[str, Any] = Field(
        default_factory=dict[str, Any], description="Inputs for a first try."
    )

    def content(self) -> dict[str, Any]:
        """The spec as it is stored and hashed.

        Without defaults, so that a new optional key of the format changes no hash.
        """
        return self.model_dump(mode="json", exclude_defaults=True)

    @property
    def requires_mask(self) -> bool:
        return any(item.type == "mask" and item.required for item in self.inputs.values())

    @cached_property
    def in_order(self) -> list[tuple[str, InputSpec]]:
        """The inputs as a form shows them."""
        return sorted(self.inputs.items(), key=lambda entry: (entry[1].order or 0, entry[0]))

    @cached_property
    def outputs_in_order(self) -> list[tuple[str, OutputSpec]]:
        return sorted(self.outputs.items(), key=lambda entry: (entry[1].order or 0, entry[0]))

    @cached_property
    def checks(self) -> dict[str, Check]:
        """One compiled check for each input; made once for a version."""
        return {name: compile_check(item) for name, item in self.inputs.items()}

"""Models Workflow Spec v1: the inputs of a workflow, their places in the graph, and the outputs.

A stored spec is complete: it refers to no parameter library, and it states the order of inputs
and outputs in `order`, because JSON stores do not keep the order of a file.
"""

from functools import cached_property
from typing import Any, Literal, TypeAlias

from pydantic import Field

from workflows.spec.checks import Check, compile_check
from workflows.spec.field_types import Strict, Text, Title
from workflows.spec.installation import Installation
from workflows.spec.parameter import InputSpec

FORMAT = "comfyfleet/v1"
NAME = r"^[a-z][a-z0-9_-]{0,62}$"
KEY = r"^[A-Za-z][A-Za-z0-9_]{0,62}$"
OutputKind: TypeAlias = Literal["image", "video", "audio", "3d", "text", "file"]
Category: TypeAlias = Literal["image", "video", "audio", "3d", "utility"]


class OutputSpec(Strict):
    """A graph node whose files the fleet keeps."""

    node: str = Field(description="Id of the graph node.")
    kind: OutputKind = Field(description="Kind of its files.")
    title: Text | None = Field(default=None, description="Name of the output.")
    order: int | None = Field(
        default=None, description="Position of the output; default: as in the file."
    )


class Limits(Strict):
    """Limits of one job; the caller's role may lower them."""

    timeout_seconds: int | None = Field(
        default=None, ge=1, le=86_400, description="An attempt is interrupted after this time."
    )
    max_attempts: int | None = Field(
        default=None, ge=1, le=10, description="Number of attempts before the job fails."
    )


class Spec(Strict):
    """The description that makes a graph a workflow."""

    spec: Literal["comfyfleet/v1"] = Field(description="Format of this file.")
    name: str = Field(pattern=NAME, description="Name of the workflow in addresses.")
    title: Title = Field(default_factory=dict, description="Name for people.")
    category: Category = Field(default="image", description="Category in lists of workflows.")
    description: Text = Field(
        default_factory=dict, description="Purpose of the workflow, in one sentence."
    )
    graph: str | None = Field(default=None, description="Name of the file that holds the graph.")
    inputs: dict[str, InputSpec] = Field(
        default_factory=dict[str, InputSpec], max_length=200, description="Inputs by name."
    )
    outputs: dict[str, OutputSpec] = Field(
        default_factory=dict[str, OutputSpec],
        max_length=50,
        description="Outputs by name; graph nodes that no output depends on do not run.",
    )
    limits: Limits = Field(default_factory=Limits, description="Limits of one job.")
    metadata: Literal["keep", "strip"] | None = Field(
        default=None,
        description="Whether results keep the prompt and the graph that ComfyUI writes into "
        "them; by default the fleet's rule decides. `keep` also for outputs that cannot be freed "
        "of them and that everybody shall get, such as ZIP or FBX.",
    )
    requires: Installation = Field(
        default_factory=Installation,
        description="Custom nodes and model files to install, with their sources.",
    )
    example: dict[str, Any] = Field(
        default_factory=dict[str, Any], description="Example inputs for a first job."
    )

    def content(self) -> dict[str, Any]:
        """Return the spec as it is stored and hashed.

        It omits defaults, so that a new optional key of the format changes no hash.
        """
        return self.model_dump(mode="json", exclude_defaults=True)

    @property
    def requires_mask(self) -> bool:
        return any(item.type == "mask" and item.required for item in self.inputs.values())

    @cached_property
    def in_order(self) -> list[tuple[str, InputSpec]]:
        """The inputs in the order of a form."""
        return sorted(self.inputs.items(), key=lambda entry: (entry[1].order or 0, entry[0]))

    @cached_property
    def outputs_in_order(self) -> list[tuple[str, OutputSpec]]:
        return sorted(self.outputs.items(), key=lambda entry: (entry[1].order or 0, entry[0]))

    @cached_property
    def checks(self) -> dict[str, Check]:
        """A compiled check for each input; compiled once per spec."""
        return {name: compile_check(item) for name, item in self.inputs.items()}

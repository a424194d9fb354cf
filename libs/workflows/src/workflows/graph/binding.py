"""How a value reaches the graph: the places it is put, and what its absence switches off.

A closed list of transforms and actions; no code and no expressions.
"""

from typing import Annotated, Self

from pydantic import BeforeValidator, Field, model_validator

from workflows.spec.text import Number, ScalarValue, Strict, with_string_keys

LARGEST_SCALE = 10**9
"""So that no value becomes infinite, which JSON cannot say."""


class Transform(Strict):
    """One change of a value on its way into the graph; exactly one key."""

    template: str | None = Field(default=None, description="A text with one {} for the value.")
    map: Annotated[dict[str, ScalarValue], BeforeValidator(with_string_keys)] | None = Field(
        default=None, description="What stands for each value; every value must be listed."
    )
    scale: Number | None = Field(
        default=None, description="A factor; an integer input is rounded to the nearest integer."
    )
    negate: bool | None = Field(default=None, description="true: the opposite boolean.")

    @model_validator(mode="after")
    def one_key(self) -> Self:
        given = [self.template, self.map, self.scale, self.negate]
        if sum(key is not None for key in given) != 1:
            raise ValueError("expected exactly one of template, map, scale, negate")
        if self.template is not None and self.template.count("{}") != 1:
            raise ValueError("expected a template with exactly one {}")
        if self.scale is not None and abs(self.scale) > LARGEST_SCALE:
            raise ValueError(f"expected a scale of at most {LARGEST_SCALE}")
        return self


class Action(Strict):
    """What a switch does; exactly one of bypass, remove and set."""

    bypass: str | None = Field(
        default=None, description="Graph node whose consumers take its own inputs instead."
    )
    through: list[str] | None = Field(
        default=None,
        description="For bypass: the input that stands for output 0, 1, … of the graph node.",
    )
    remove: str | None = Field(
        default=None, description="Graph node that is dropped, with the links to it."
    )
    set: ScalarValue | None = Field(
        default=None, description="Value that is put in place, as it is, without a transform."
    )

    @model_validator(mode="after")
    def one_action(self) -> Self:
        if sum(act is not None for act in (self.bypass, self.remove, self.set)) != 1:
            raise ValueError("expected exactly one of bypass, remove, set")
        if self.through is not None and self.bypass is None:
            raise ValueError("`through` belongs to `bypass`")
        return self

    @property
    def graph_node(self) -> str | None:
        """The graph node that this switches off, if it does."""
        return self.bypass or self.remove


class Bind(Strict):
    """A place in the graph that takes the value."""

    node: str = Field(description="Id of the graph node.")
    input: str = Field(description="Name of its input.")
    path: str | None = Field(
        default=None,
        pattern=r"^[^.\s]+(\.[^.\s]+)*$",
        description="Way into an object or list held by the input: `a.b.0`.",
    )
    transform: Transform | None = Field(default=None, description="Change on the way.")
    when_absent: Action | None = Field(
        default=None,
        description="What is switched off where no value comes to this place: the input is "
        "absent, or its list of files has no item for it.",
    )


class When(Action):
    """An action for one particular value."""

    value: ScalarValue = Field(description="The value that starts the action.")

"""Models where an input's value goes in the graph, and what its value or absence switches.

Transforms and actions form a closed list, without code and expressions.
"""

from typing import Annotated, Self

from pydantic import BeforeValidator, Field, model_validator

from workflows.spec.field_types import Number, ScalarValue, Strict, with_string_keys

LARGEST_SCALE = 10**9
"""Keeps every value finite: JSON has no infinity."""


class Transform(Strict):
    """One change of a value on its way into the graph; has exactly one key."""

    template: str | None = Field(default=None, description="A text with one {} for the value.")
    map: Annotated[dict[str, ScalarValue], BeforeValidator(with_string_keys)] | None = Field(
        default=None, description="The replacement of every possible value."
    )
    scale: Number | None = Field(
        default=None, description="A factor; the product of an integer input is rounded."
    )
    negate: bool | None = Field(default=None, description="true: pass the opposite boolean.")

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
    """The effect of a switch: exactly one of bypass, remove and set."""

    bypass: str | None = Field(
        default=None, description="Graph node to bypass: its own links replace the links to it."
    )
    through: list[str] | None = Field(
        default=None,
        description="With bypass: the inputs that replace output 0, 1, … of the graph node.",
    )
    remove: str | None = Field(
        default=None, description="Graph node to remove, with the links to it."
    )
    set: ScalarValue | None = Field(
        default=None, description="Value to write instead, without a transform."
    )

    @model_validator(mode="after")
    def one_action(self) -> Self:
        if sum(act is not None for act in (self.bypass, self.remove, self.set)) != 1:
            raise ValueError("expected exactly one of bypass, remove, set")
        if self.through is not None and self.bypass is None:
            raise ValueError("`through` needs `bypass` beside it")
        return self

    @property
    def graph_node(self) -> str | None:
        """The graph node that is bypassed or removed, if any."""
        return self.bypass or self.remove


class Bind(Strict):
    """One place in the graph that receives the value."""

    node: str = Field(description="Id of the graph node.")
    input: str = Field(description="Name of the graph node's input.")
    path: str | None = Field(
        default=None,
        pattern=r"^[^.\s]+(\.[^.\s]+)*$",
        description="Path into the object or list that the input holds: `a.b.0`.",
    )
    transform: Transform | None = Field(
        default=None, description="Change of the value on its way to this place."
    )
    when_absent: Action | None = Field(
        default=None,
        description="Action if the input is absent or its list has no file for this place.",
    )


class When(Action):
    """An action for one particular value of the input."""

    value: ScalarValue = Field(description="The value that triggers the action.")

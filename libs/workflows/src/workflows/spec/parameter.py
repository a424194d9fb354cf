"""Models one input of a workflow: its type, its limits, its place in the graph and in a form."""

from collections.abc import Iterator
from typing import Annotated, Any, Literal, Self, TypeAlias, cast

from pydantic import BeforeValidator, Field, model_validator

from workflows.spec.binding import Action, Bind, When
from workflows.spec.field_types import Number, ScalarValue, Strict, Text, as_list, is_same

TEXTS = ("text", "string")
NUMBERS = ("integer", "number")
MEDIA = ("image", "mask", "video", "audio", "3d", "file")


MASK_OPTIONS = ("of", "channel", "invert", "feather", "smooth", "allow_empty")
FILE_LIMITS = frozenset({"accept", "max_bytes"})
RANGE = frozenset({"minimum", "maximum"})
CONSTRAINTS: dict[str, frozenset[str]] = {
    "text": frozenset({"min_length", "max_length", "pattern"}),
    "string": frozenset({"min_length", "max_length", "pattern"}),
    "integer": RANGE | {"step", "multiple_of"},
    "number": RANGE | {"step", "multiple_of"},
    "boolean": frozenset(),
    "choice": frozenset({"choices"}),
    "seed": RANGE,
    "model": frozenset({"folder"}),
    "image": FILE_LIMITS | {"max_pixels"},
    "mask": FILE_LIMITS | {"max_pixels", *MASK_OPTIONS},
    "video": FILE_LIMITS | {"max_pixels"},
    "audio": FILE_LIMITS,
    "3d": FILE_LIMITS,
    "file": FILE_LIMITS,
}
LISTABLE = [type_ for type_ in CONSTRAINTS if type_ not in ("seed", "mask")]
TYPES = (*CONSTRAINTS, *(f"list<{type_}>" for type_ in LISTABLE))
LIST_LIMITS = frozenset({"min_items", "max_items"})
EVERY_CONSTRAINT = LIST_LIMITS.union(*CONSTRAINTS.values())
REQUIRED_CONSTRAINT = {"choice": "choices", "model": "folder", "mask": "of"}


class Choice(Strict):
    """One value of a choice, and its name for people."""

    value: ScalarValue = Field(description="Value that reaches the graph.")
    title: Text | None = Field(default=None, description="Name that a form shows.")


def as_choice(value: Any) -> Any:
    return cast("Any", value) if isinstance(value, dict | Choice) else {"value": value}


ChoiceEntry: TypeAlias = Annotated[
    Choice, BeforeValidator(as_choice, json_schema_input_type=Choice | ScalarValue)
]


class InputSpec(Strict):
    """One value that a caller may set, with its limits and its places in the graph."""

    type: str = Field(description="Type of the value.", json_schema_extra={"enum": list(TYPES)})
    required: bool = Field(default=False, description="true: a job without this input is refused.")
    default: Any = Field(default=None, description="Value if the caller gives none.")
    bind: list[Bind] = Field(
        default_factory=list[Bind],
        description="Places for the value; the n-th file of a list goes to the n-th place.",
    )
    when_absent: Action | None = Field(default=None, description="Action if the input is absent.")
    when: Annotated[
        list[When], BeforeValidator(as_list, json_schema_input_type=list[When] | When)
    ] = Field(default_factory=list[When], description="Actions for particular values.")
    absent_values: list[ScalarValue] = Field(
        default_factory=list[ScalarValue], description="Values that count as absent."
    )

    minimum: Number | None = Field(default=None, description="Smallest value.")
    maximum: Number | None = Field(default=None, description="Largest value.")
    step: Number | None = Field(default=None, description="Step of the form's control.")
    multiple_of: Number | None = Field(default=None, description="Divisor of every value.")
    min_length: int | None = Field(default=None, ge=0, description="Smallest number of characters.")
    max_length: int | None = Field(default=None, ge=0, description="Largest number of characters.")
    pattern: str | None = Field(
        default=None,
        max_length=200,
        description="Regular expression to find in the text; no look-around.",
    )
    choices: list[ChoiceEntry] | None = Field(
        default=None, min_length=1, max_length=1000, description="The allowed values."
    )
    folder: str | None = Field(
        default=None, pattern=r"^[a-z0-9_]+$", description="ComfyUI's model folder of the file."
    )
    of: str | None = Field(default=None, description="Image input to which the mask belongs.")
    channel: Literal["auto", "alpha", "luminance"] = Field(
        default="auto", description="Channel that holds the mask; auto: alpha if there is one."
    )
    smooth: bool = Field(default=False, description="Resample the mask smoothly, not nearest.")
    invert: bool = Field(default=False, description="Swap black and white of the mask.")
    feather: int = Field(default=0, ge=0, le=512, description="Blur of the mask's edge, in pixels.")
    allow_empty: bool = Field(default=False, description="Accept an all black or white mask.")
    accept: list[str] = Field(
        default_factory=list[str], description="Media types, such as `image/png`."
    )
    max_bytes: int | None = Field(default=None, ge=1, description="Largest file, in bytes.")
    max_pixels: int | None = Field(default=None, ge=1, description="Largest frame, in pixels.")
    min_items: int | None = Field(default=None, ge=0, description="Smallest number of items.")
    max_items: int | None = Field(default=None, ge=1, description="Largest number of items.")

    title: Text | None = Field(default=None, description="Name of the form's field.")
    help: Text | None = Field(default=None, description="One sentence of help below the field.")
    placeholder: Text | None = Field(default=None, description="Text in the empty field.")
    group: str | None = Field(default=None, description="Group of fields shown together.")
    order: int | None = Field(
        default=None, description="Position in the form; default: as in the file."
    )
    advanced: bool = Field(default=False, description="true: a form hides the field at first.")

    @property
    def is_list(self) -> bool:
        return self.type.startswith("list<")

    @property
    def item_type(self) -> str:
        """The type of one value: of each item if this is a list."""
        return self.type[5:-1] if self.is_list else self.type

    @property
    def is_media(self) -> bool:
        return self.item_type in MEDIA

    @property
    def is_spread(self) -> bool:
        """True if each item goes to a bind of its own: a loader takes only one file."""
        return self.is_list and self.is_media

    def is_absent(self, value: Any) -> bool:
        return value is None or any(is_same(value, absent) for absent in self.absent_values)

    def actions(self, name: str) -> Iterator[tuple[str, Action]]:
        """Yield every action of this input with its path in the spec."""
        if self.when_absent:
            yield f"inputs.{name}.when_absent", self.when_absent
        for index, when in enumerate(self.when):
            yield f"inputs.{name}.when.{index}", when
        for index, bind in enumerate(self.bind):
            if bind.when_absent:
                yield f"inputs.{name}.bind.{index}.when_absent", bind.when_absent

    @model_validator(mode="after")
    def has_constraints_of_type(self) -> Self:
        if self.type not in TYPES:
            raise ValueError(f"`type` {self.type!r} is unknown; expected one of {', '.join(TYPES)}")
        allowed = constraints_of(self.type)
        given = {name for name in EVERY_CONSTRAINT if getattr(self, name) != default_of(name)}
        if odd := sorted(given - allowed):
            raise ValueError(f"{', '.join(odd)} does not apply to type {self.type}")
        required = REQUIRED_CONSTRAINT.get(self.item_type)
        if required and required not in given:
            raise ValueError(f"type {self.type} needs `{required}`")
        return self

    @model_validator(mode="after")
    def has_ordered_limits(self) -> Self:
        for low, high in (
            (self.minimum, self.maximum),
            (self.min_length, self.max_length),
            (self.min_items, self.max_items),
        ):
            if low is not None and high is not None and low > high:
                raise ValueError(f"the lower limit {low} is above the upper limit {high}")
        if self.multiple_of is not None and self.multiple_of <= 0:
            raise ValueError("multiple_of must be above 0")
        return self


def constraints_of(type_: str) -> frozenset[str]:
    """Return the keys that limit values of this type."""
    item = type_.removeprefix("list<").removesuffix(">")
    return CONSTRAINTS[item] | (LIST_LIMITS if item != type_ else frozenset[str]())


def default_of(name: str) -> Any:
    return InputSpec.model_fields[name].get_default(call_default_factory=True)

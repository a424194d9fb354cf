"""One input of a workflow: its type, its limits, and how a form shows it."""

from typing import Annotated, Any, Literal, Self, TypeAlias, cast

from pydantic import BeforeValidator, Field, model_validator

from workflows.graph.binding import Action, Bind, When
from workflows.spec.text import Number, ScalarValue, Strict, Text, as_list

TEXTS = ("text", "string")
NUMBERS = ("integer", "number")
MEDIA = ("image", "mask", "video", "audio", "file")
SINGLE = (*TEXTS, *NUMBERS, "boolean", "choice", "seed", "model", *MEDIA)
LISTABLE = (*TEXTS, *NUMBERS, "boolean", "choice", "model", "image", "video", "audio", "file")
TYPES = (*SINGLE, *(f"list<{item}>" for item in LISTABLE))

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
    "file": FILE_LIMITS,
}
LIST_LIMITS = frozenset({"min_items", "max_items"})
EVERY_CONSTRAINT = LIST_LIMITS.union(*CONSTRAINTS.values())
NEEDED = {"choice": "choices", "model": "folder", "mask": "of"}


class Choice(Strict):
    """One value to choose, and its name for people."""

    value: ScalarValue = Field(description="What reaches the graph.")
    title: Text | None = Field(default=None, description="What people read.")


def as_choice(value: Any) -> Any:
    return cast("Any", value) if isinstance(value, dict | Choice) else {"value": value}


ChoiceEntry: TypeAlias = Annotated[
    Choice, BeforeValidator(as_choice, json_schema_input_type=Choice | ScalarValue)
]


class InputSpec(Strict):
    """What a caller may set, within which limits, and where it goes."""

    type: str = Field(description="Kind of value.", json_schema_extra={"enum": list(TYPES)})
    required: bool = Field(default=False, description="A job without it is refused.")
    default: Any = Field(default=None, description="Value of an input that is not given.")
    bind: list[Bind] = Field(
        default_factory=list[Bind],
        description="Where the value goes; of a list of files the n-th goes to the n-th place.",
    )
    when_absent: Action | None = Field(default=None, description="What absence switches off.")
    when: Annotated[
        list[When], BeforeValidator(as_list, json_schema_input_type=list[When] | When)
    ] = Field(default_factory=list[When], description="What particular values switch.")
    absent_values: list[ScalarValue] = Field(
        default_factory=list[ScalarValue], description="Values that mean absent."
    )

    minimum: Number | None = Field(default=None, description="Smallest value.")
    maximum: Number | None = Field(default=None, description="Largest value.")
    step: Number | None = Field(default=None, description="Step of the form's control; a hint.")
    multiple_of: Number | None = Field(default=None, description="The value is a multiple of it.")
    min_length: int | None = Field(default=None, ge=0, description="Fewest characters.")
    max_length: int | None = Field(default=None, ge=0, description="Most characters.")
    pattern: str | None = Field(
        default=None,
        max_length=200,
        description="Regular expression found in the text; without look-around.",
    )
    choices: list[ChoiceEntry] | None = Field(
        default=None, min_length=1, max_length=1000, description="The values to choose from."
    )
    folder: str | None = Field(
        default=None, pattern=r"^[a-z0-9_]+$", description="ComfyUI's model folder."
    )
    of: str | None = Field(default=None, description="The image input that a mask belongs to.")
    channel: Literal["auto", "alpha", "luminance"] = Field(
        default="auto", description="Where the mask is read from; auto: alpha if there is any."
    )
    smooth: bool = Field(default=False, description="Resample the mask smoothly; else nearest.")
    invert: bool = Field(default=False, description="Swap black and white of the mask.")
    feather: int = Field(default=0, ge=0, le=512, description="Blur of the mask's edge, in pixels.")
    allow_empty: bool = Field(default=False, description="Accept an all black or white mask.")
    accept: list[str] = Field(default_factory=list[str], description="Media types, as `image/png`.")
    max_bytes: int | None = Field(default=None, ge=1, description="Largest file, in bytes.")
    max_pixels: int | None = Field(default=None, ge=1, description="Most pixels of a frame.")
    min_items: int | None = Field(default=None, ge=0, description="Fewest items of a list.")
    max_items: int | None = Field(default=None, ge=1, description="Most items of a list.")

    title: Text | None = Field(default=None, description="Name of the field.")
    help: Text | None = Field(default=None, description="One sentence below the field.")
    placeholder: Text | None = Field(default=None, description="Shown while the field is empty.")
    group: str | None = Field(default=None, description="Fields of one group stand together.")
    order: int | None = Field(default=None, description="Place in the form; else as written.")
    advanced: bool = Field(default=False, description="Folded away at first.")

    @property
    def is_list(self) -> bool:
        return self.type.startswith("list<")

    @property
    def item_type(self) -> str:
        """The type itself, or that of the items of a list."""
        return self.type[5:-1] if self.is_list else self.type

    @property
    def is_media(self) -> bool:
        return self.item_type in MEDIA

    @property
    def is_spread(self) -> bool:
        """A list of files: a loader takes one, so that each goes to a place of its own."""
        return self.is_list and self.is_media

    @model_validator(mode="after")
    def type_fits(self) -> Self:
        if self.type not in TYPES:
            raise ValueError(f"`type` {self.type!r} is unknown; expected one of {', '.join(TYPES)}")
        allowed = constraints_of(self.type)
        given = {name for name in EVERY_CONSTRAINT if getattr(self, name) != default_of(name)}
        if odd := sorted(given - allowed):
            raise ValueError(f"{', '.join(odd)} does not apply to type {self.type}")
        needed = NEEDED.get(self.item_type)
        if needed and needed not in given:
            raise ValueError(f"type {self.type} needs `{needed}`")
        return self

    @model_validator(mode="after")
    def limits_fit(self) -> Self:
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
    """The keys that limit values of this type."""
    item = type_.removeprefix("list<").removesuffix(">")
    return CONSTRAINTS[item] | (LIST_LIMITS if item != type_ else frozenset[str]())


def default_of(name: str) -> Any:
    return InputSpec.model_fields[name].get_default(call_default_factory=True)

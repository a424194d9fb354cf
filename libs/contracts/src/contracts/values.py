"""Small values that messages of several owners carry: ids, labels, times, unmet requirements."""

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from functools import partial
from typing import Annotated, Generic, Literal, TypeAlias, TypeVar
from unicodedata import category
from uuid import UUID

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints
from uuid_utils.compat import uuid7


def new_id() -> UUID:
    """Return a UUIDv7 (RFC 9562): ids sort by the time they were made."""
    return uuid7()


Channel: TypeAlias = Literal["alpha", "luminance"]
Blank: TypeAlias = Literal["empty", "full"]


class MadeMask(BaseModel):
    """Options with which a mask was made from the uploaded picture."""

    channel: Channel = Field(description="Source of the mask in the picture.")
    invert: bool = Field(description="Black and white are swapped.")
    feather: int = Field(description="Blur radius in pixels.")
    smooth: bool = Field(description="True: smooth resampling; false: nearest neighbor.")
    blank: Blank | None = Field(description="`empty`: all black; `full`: all white.")


def shortened(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"


ShortText: TypeAlias = Annotated[str, AfterValidator(partial(shortened, most=300))]
LongText: TypeAlias = Annotated[str, AfterValidator(partial(shortened, most=4_000))]
"""Texts for people that others wrote; their ends are cut off, so that answers stay small."""


class Unmet(BaseModel):
    """One requirement of a workflow or a job that a node does not meet."""

    model_config = ConfigDict(frozen=True)

    kind: Literal["class", "model", "choice", "input"] = Field(
        description="A graph-node class, a model file, a value to choose, or how an input fits."
    )
    name: ShortText = Field(description="Name of the required thing: `loras/film.safetensors`.")
    graph_node: ShortText | None = Field(
        default=None, description="Id of the graph node that requires it."
    )
    graph_node_class: ShortText | None = Field(
        default=None, description="Class of that graph node."
    )
    input: ShortText | None = Field(default=None, description="The input of that graph node.")
    value: ShortText | None = Field(
        default=None, description="The value that the graph-node class refuses."
    )
    field: ShortText | None = Field(
        default=None, description="The workflow's input that set this value: `inputs.sampler`."
    )
    message: ShortText = Field(description="One sentence for people.")


def in_utc(moment: datetime) -> datetime:
    try:
        return moment.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("expected a time between the years 1 and 9999 in UTC") from error


UtcTime: TypeAlias = Annotated[AwareDatetime, AfterValidator(in_utc)]
"""A time that a caller sends with any offset; kept and shown in UTC, with `Z`."""

LONGEST_LABEL_BYTES = 256


def printable(text: str) -> str:
    if any(category(letter) == "Cc" for letter in text):
        raise ValueError("expected a text without control characters")
    return text


def as_label_value(text: str) -> str:
    if len(text.encode()) > LONGEST_LABEL_BYTES:
        raise ValueError(f"expected at most {LONGEST_LABEL_BYTES} bytes")
    return printable(text)


def without_nul(text: str) -> str:
    if "\0" in text:
        raise ValueError("a NUL character is not text")
    return text


def as_label_filter(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9_.-]{1,40}(=[^\0]*)?", text):
        raise ValueError("expected `key` or `key=value`; a key has at most 40 of A-Za-z0-9_.-")
    return text


RAW_GRAPHS = "graph"
"""Name of all raw graphs in references, `graph@<hash>`; no workflow has it."""
GRAPH_REFERENCE = re.compile(rf"{RAW_GRAPHS}@(?P<hash>[0-9a-f]{{64}})")


def as_reference(text: str) -> str:
    is_name = re.fullmatch(r"[a-z][a-z0-9_-]{0,62}(@[1-9][0-9]{0,8})?", text)
    if not is_name and not GRAPH_REFERENCE.fullmatch(text):
        raise ValueError(
            "expected `name` or `name@version`; a name has at most 63 small letters, digits, `_` "
            "and `-`, and begins with a letter"
        )
    return text


LabelFilter: TypeAlias = Annotated[str, AfterValidator(as_label_filter)]
ReferenceText: TypeAlias = Annotated[str, AfterValidator(as_reference)]
QueryText: TypeAlias = Annotated[str, AfterValidator(without_nul)]
LabelKey: TypeAlias = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.-]{1,40}$")]
LabelValue: TypeAlias = Annotated[str, AfterValidator(as_label_value)]


T = TypeVar("T")


class Page(BaseModel, Generic[T]):
    """A page of a list; a subclass for each kind of entry gives it a name."""

    items: list[T] = Field(description="The entries of this page.")
    next_cursor: str | None = Field(
        default=None, description="`cursor` of the next page; null on the last page."
    )


M = TypeVar("M", bound=BaseModel)

PAGE_BYTES = 768 * 1024
"""Items of one page: a message holds a mebibyte, with everything around them."""


def fitting(items: Iterable[M], most_bytes: int = PAGE_BYTES) -> list[M]:
    """Return the first items that together have at most so many bytes of JSON, at least one."""
    taken: list[M] = []
    for item in items:
        most_bytes -= len(item.model_dump_json().encode()) + 1
        if taken and most_bytes < 0:
            break
        taken.append(item)
    return taken

"""Small values that messages of several owners carry: ids, mask options, unmet requirements."""

from typing import Literal, TypeAlias
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field
from uuid_utils.compat import uuid7


def new_id() -> UUID:
    """Return a UUIDv7 (RFC 9562): ids sort by the time they were made."""
    return uuid7()


Channel: TypeAlias = Literal["alpha", "luminance"]
Blank: TypeAlias = Literal["empty", "full"]


class MadeMask(BaseModel):
    """How a mask was made from the picture that was uploaded."""

    channel: Channel = Field(description="Where the mask was taken from.")
    invert: bool = Field(description="Black and white were swapped.")
    feather: int = Field(description="Blur radius in pixels.")
    smooth: bool = Field(description="It was resampled smoothly, if at all; else to the nearest.")
    blank: Blank | None = Field(description="`empty`: all black; `full`: all white.")


class Missing(BaseModel):
    """One thing that a node lacks for a workflow or a job."""

    model_config = ConfigDict(frozen=True)

    kind: Literal["class", "model", "choice", "input"] = Field(
        description="A graph-node class, a model file, a value to choose, or how an input fits."
    )
    what: str = Field(description="Its name: `loras/film.safetensors`.")
    graph_node: str | None = Field(default=None, description="The graph node that wants it.")
    graph_node_class: str | None = Field(default=None, description="Class of that graph node.")
    input: str | None = Field(default=None, description="The input of that graph node.")
    value: str | None = Field(default=None, description="The value there that is not taken.")
    field: str | None = Field(
        default=None, description="The workflow's input that put it there: `inputs.sampler`."
    )
    message: str = Field(description="For people.")

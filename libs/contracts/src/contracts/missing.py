"""What a server lacks for a graph, in words for programs and for people."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


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

"""What a workflow needs that ComfyUI does not bring, and where that comes from.

For people: `needs` derives the same from the graph, but no graph says where a file is found.
"""

from typing import Annotated, TypeAlias

from pydantic import Field

from workflows.spec.text import Strict, Text

Address: TypeAlias = Annotated[str, Field(pattern=r"^https://[^\s<>]+$", max_length=500)]


DIRECTORIES = {"unet_gguf": "diffusion_models"}
"""Where the files of a model folder lie, if not in a directory of its name."""


def directory_of(folder: str) -> str:
    """The path of a model folder below ComfyUI's own."""
    return f"models/{DIRECTORIES.get(folder, folder)}"


class CustomNodes(Strict):
    """A package of graph node classes that is installed beside ComfyUI."""

    name: str = Field(min_length=1, max_length=200, description="Name of the package.")
    url: Address = Field(description="Where it comes from.")
    classes: list[str] = Field(
        default_factory=list[str], max_length=100, description="Its classes that the graph uses."
    )
    note: Text | None = Field(default=None, description="What else it takes, in a sentence.")


class ModelSource(Strict):
    """A model file that the workflow's defaults name or that its graph nodes look for."""

    folder: str = Field(pattern=r"^[a-z0-9_]+$", description="ComfyUI's model folder.")
    name: str = Field(min_length=1, max_length=500, description="Name of the file there.")
    url: Address = Field(description="Where it comes from.")
    note: Text | None = Field(default=None, description="What to mind, in a sentence.")


class Requires(Strict):
    """What has to be on a ComfyUI server before it can run the workflow."""

    custom_nodes: list[CustomNodes] = Field(
        default_factory=list[CustomNodes], max_length=20, description="Packages to install."
    )
    models: list[ModelSource] = Field(
        default_factory=list[ModelSource], max_length=50, description="Model files to put there."
    )

    def hint(self, class_: str) -> str:
        """For people who lack this graph node class: what brings it, as the end of a sentence."""
        package = next((entry for entry in self.custom_nodes if class_ in entry.classes), None)
        return f"; it comes with {package.name}, {package.url}" if package else ""

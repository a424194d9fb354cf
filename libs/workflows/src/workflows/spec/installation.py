"""Models what a workflow needs beside ComfyUI itself, and where each part is downloaded.

`requirements` derives classes and model files from the graph, but not their sources.
`comfyfleet models sync` brings the model files to the nodes.
"""

from typing import Annotated, Self, TypeAlias

from pydantic import Field, model_validator

from workflows.spec.field_types import Strict, Text

Address: TypeAlias = Annotated[str, Field(pattern=r"^https://[^\s<>]+$", max_length=500)]

DIRECTORIES = {"unet_gguf": "diffusion_models"}
"""The directory of a model folder, if its name differs."""


def directory_of(folder: str) -> str:
    """Return the path of a model folder below ComfyUI's own."""
    return f"models/{DIRECTORIES.get(folder, folder)}"


class CustomNodes(Strict):
    """A package of graph-node classes that is installed beside ComfyUI."""

    name: str = Field(min_length=1, max_length=200, description="Name of the package.")
    url: Address = Field(description="Address of the package.")
    classes: list[str] = Field(
        default_factory=list[str], max_length=100, description="Its classes that the graph uses."
    )
    note: Text | None = Field(default=None, description="Hint for the installation, one sentence.")


ModelAddress: TypeAlias = Annotated[str, Field(pattern=r"^(https?|s3)://[^\s<>]+$", max_length=500)]


class ModelSource(Strict):
    """A model file that the workflow's defaults name or that its graph nodes look for."""

    folder: str = Field(pattern=r"^[a-z0-9_]+$", description="ComfyUI's model folder.")
    name: str = Field(min_length=1, max_length=500, description="Name of the file in the folder.")
    url: ModelAddress = Field(
        description="Address of the file: `https://…`, `s3://bucket/key` in the store of the "
        "fleet's model files, or with `sha256` also `http://…`."
    )
    sha256: str | None = Field(
        default=None, pattern=r"^[0-9a-f]{64}$", description="SHA-256 of the file."
    )
    note: Text | None = Field(default=None, description="Hint for the installation, one sentence.")

    @model_validator(mode="after")
    def vouched(self) -> Self:
        if self.sha256 is None and self.url.startswith("http:"):
            raise ValueError("expected `sha256` for a file from `http://`")
        return self


class NewerComfyUI(Strict):
    """A release of ComfyUI that brings classes which earlier ones lack."""

    release: str = Field(
        pattern=r"^[0-9]+(\.[0-9]+){1,2}$", description="A release that has them: `0.33`."
    )
    classes: list[str] = Field(
        min_length=1, max_length=100, description="Its classes that the graph uses."
    )
    note: Text | None = Field(default=None, description="When it is needed, one sentence.")


class Installation(Strict):
    """Everything to install on a ComfyUI server before it can run the workflow."""

    comfyui: NewerComfyUI | None = Field(
        default=None, description="Release of ComfyUI, if an early one does not do."
    )
    custom_nodes: list[CustomNodes] = Field(
        default_factory=list[CustomNodes], max_length=20, description="Packages to install."
    )
    models: list[ModelSource] = Field(
        default_factory=list[ModelSource], max_length=50, description="Model files to download."
    )

    @property
    def classes(self) -> frozenset[str]:
        """Classes of the graph that not every ComfyUI has."""
        own = self.comfyui.classes if self.comfyui else ()
        return frozenset([*own, *(name for entry in self.custom_nodes for name in entry.classes)])

    def hint(self, class_: str) -> str:
        """Say as the end of a sentence what brings this graph-node class."""
        if self.comfyui and class_ in self.comfyui.classes:
            return f"; it comes with ComfyUI {self.comfyui.release}"
        package = next((entry for entry in self.custom_nodes if class_ in entry.classes), None)
        return f"; it comes with {package.name}, {package.url}" if package else ""

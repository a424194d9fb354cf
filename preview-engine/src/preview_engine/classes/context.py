"""The view of a run that its graph nodes get."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

from PIL import Image

from preview_engine.domain.catalog import Graph
from preview_engine.domain.switches import Switches
from preview_engine.folders import Folders

Batch: TypeAlias = tuple[Image.Image, ...]
"""IMAGE: RGB or RGBA pictures. MASK: 8-bit gray pictures, where ComfyUI has floats."""


@dataclass(frozen=True, slots=True)
class Result:
    """Values for the output slots, and the output that clients see."""

    values: tuple[Any, ...] = ()
    shown: dict[str, Any] | None = None


def values(*given: object) -> Result:
    return Result(given)


Step: TypeAlias = Callable[[int, int, Image.Image | None], None]


class Interrupted(Exception):  # noqa: N818 - no error: somebody asked for it
    """Ends the run; raised at the start of graph nodes and at their steps."""


class NamedFailureError(Exception):
    """A deliberate failure, reported as if its type were `reported_type`."""

    def __init__(self, message: str, reported_type: str) -> None:
        super().__init__(message)
        self.reported_type = reported_type


@dataclass(frozen=True, slots=True)
class Context:
    """`step(value, maximum, preview)` reports progress, and raises if the run is interrupted."""

    graph: Graph
    extra_data: dict[str, Any]
    folders: Folders
    switches: Switches
    wants_previews: bool
    step: Step

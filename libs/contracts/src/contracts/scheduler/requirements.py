"""Decides whether a server has the classes and model files that a graph requires.

The scheduler places jobs and the registry tells coverage by these functions, so both say the same
of a server whose names they both know.
"""

from collections.abc import Container
from typing import Protocol

from contracts.scheduler.job_requests import ModelFile
from contracts.values import Unmet


class Required(Protocol):
    """Names that a rendered graph requires."""

    @property
    def classes(self) -> frozenset[str]: ...
    @property
    def models(self) -> frozenset[ModelFile]: ...


class Offered(Protocol):
    """Names that a server has."""

    @property
    def classes(self) -> Container[str]: ...
    @property
    def models(self) -> Container[ModelFile]: ...


def lacking(offered: Offered, required: Required) -> tuple[list[str], list[ModelFile]]:
    """Return the classes and the model files that the server does not have."""
    return (
        [name for name in required.classes if name not in offered.classes],
        [model for model in required.models if model not in offered.models],
    )


def unmet_names(offered: Offered, required: Required) -> list[Unmet]:
    """Return each class, then each model file that the server lacks, sorted."""
    classes, models = lacking(offered, required)
    files = sorted(f"{model.folder}/{model.name}" for model in models)
    return [
        *(class_unmet(name) for name in sorted(classes)),
        *(Unmet(kind="model", name=name, message=f"no model file {name}") for name in files),
    ]


def class_unmet(name: str) -> Unmet:
    return Unmet(kind="class", name=name, message=f"no graph-node class {name}")

"""Finds the function of each class of graph node; object_info.json declares the classes.

The function of `ImageScale` is `image_scale`, in one of the modules here.
"""

import re
from collections.abc import Callable
from types import ModuleType
from typing import Any, TypeAlias

from preview_engine.classes import (
    edges,
    image,
    image_loader,
    image_saver,
    latents,
    mask,
    models,
    samplers,
    stitch,
    testing,
    video,
)
from preview_engine.classes.context import Context, Result

WORDS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
Work: TypeAlias = Callable[..., Result]


def functions_of(*modules: ModuleType) -> dict[str, Work]:
    return {name: found for module in modules for name, found in vars(module).items()}


PURE = functions_of(edges, image, latents, mask, models, stitch)
"""Functions of a graph node's inputs alone."""
WITH_RUN = functions_of(image_loader, image_saver, samplers, testing, video)
"""Functions that get the run before the inputs: for files, steps and the prompt."""


def compute(class_name: str, run: Context, inputs: dict[str, Any]) -> Result:
    name = function_name(class_name)
    return WITH_RUN[name](run, **inputs) if name in WITH_RUN else PURE[name](**inputs)


def function_name(class_name: str) -> str:
    return WORDS.sub("_", class_name).lower()

"""The graph node classes of this engine, declared as /object_info declares them.

One JSON file declares them exactly as ComfyUI 0.8.0 does (without its tooltips); validation,
execution and the route read these declarations. Choices that name models are filled in here.
"""

import json
from collections.abc import Iterable, Mapping
from copy import deepcopy
from dataclasses import dataclass
from functools import cached_property
from importlib.resources import files
from typing import Any, TypeAlias

Json: TypeAlias = Any
Graph: TypeAlias = dict[str, dict[str, Any]]

TEST_CLASSES = frozenset({"SlowSteps", "SlowBlocking", "AlwaysRaises", "MiscOutputs"})

MODEL_INPUTS: Mapping[tuple[str, str], str] = {
    ("CheckpointLoaderSimple", "ckpt_name"): "checkpoints",
    ("UNETLoader", "unet_name"): "diffusion_models",
    ("CLIPLoader", "clip_name"): "text_encoders",
    ("DualCLIPLoader", "clip_name1"): "text_encoders",
    ("DualCLIPLoader", "clip_name2"): "text_encoders",
    ("VAELoader", "vae_name"): "vae",
    ("LoraLoader", "lora_name"): "loras",
    ("LoraLoaderModelOnly", "lora_name"): "loras",
    ("UpscaleModelLoader", "model_name"): "upscale_models",
    ("ControlNetLoader", "control_net_name"): "controlnet",
}
FILE_CLASSES = frozenset({"LoadImage", "LoadImageMask"})
"""Classes whose input `image` names a file."""


@dataclass(frozen=True, slots=True)
class Input:
    """One declared input; ComfyUI shows `config` in error bodies."""

    name: str
    is_required: bool
    config: list[Json]

    @property
    def type(self) -> Json:
        """Return a type name, or in the older notation the list of choices."""
        return self.config[0]

    @property
    def options(self) -> Mapping[str, Json]:
        return self.config[1]

    @property
    def choices(self) -> list[Json] | None:
        if isinstance(self.type, list):
            return list(self.config[0])
        return list(self.options.get("options", [])) if self.type == "COMBO" else None


class NodeClass:
    """One class of graph node as /object_info declares it."""

    def __init__(self, declaration: dict[str, Json]) -> None:
        self.declaration = declaration
        self.outputs: tuple[str, ...] = tuple(declaration["output"])
        self.is_output: bool = declaration["output_node"]

    @cached_property
    def inputs(self) -> tuple[Input, ...]:
        declared = self.declaration["input"]
        return tuple(
            Input(name, group == "required", [config[0], config[1] if len(config) > 1 else {}])
            for group in ("required", "optional")
            for name, config in declared.get(group, {}).items()
        )


Catalog: TypeAlias = Mapping[str, NodeClass]


def load_catalog(
    models: Mapping[str, list[str]], *, with_test_classes: bool
) -> dict[str, NodeClass]:
    """Load every class, with model choices from `models` (folder → names)."""
    text = files("preview_engine").joinpath("classes/object_info.json").read_text("utf-8")
    declarations: dict[str, dict[str, Json]] = json.loads(text)
    for (class_name, input_name), folder in MODEL_INPUTS.items():
        extra = ["pixel_space"] if folder == "vae" else []
        offer_choices(declarations[class_name], input_name, [*models.get(folder, []), *extra])
    return {
        name: NodeClass(declaration)
        for name, declaration in declarations.items()
        if with_test_classes or name not in TEST_CLASSES
    }


def object_info(catalog: Catalog, names: Iterable[str], image_files: list[str]) -> Json:
    """Return the answer of /object_info for `names`, without unknown names."""
    shown = {name: deepcopy(catalog[name].declaration) for name in names if name in catalog}
    for name in FILE_CLASSES & shown.keys():
        offer_choices(shown[name], "image", image_files)
    return shown


def offer_choices(declaration: dict[str, Json], input_name: str, choices: list[str]) -> None:
    config = declaration["input"]["required"][input_name]
    if config[0] == "COMBO":
        config[1]["options"] = choices
    else:
        config[0] = choices

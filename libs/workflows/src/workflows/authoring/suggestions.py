"""Suggests inputs of a spec by the names that ComfyUI gives to the inputs of graph nodes."""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from workflows.authoring.draft_input import DraftInput, binds, titled
from workflows.authoring.prompts import prompts
from workflows.compatibility.object_info import ObjectInfo, declared_input
from workflows.graph.graph import Graph, class_of, inputs_of
from workflows.graph.removal import is_bypassable, uses_of
from workflows.graph.requirements import FILE_INPUTS, MODEL_INPUTS
from workflows.json_values import is_number
from workflows.spec.checks import SEED_MAXIMUM

SEEDS = ("seed", "noise_seed")
ADVANCED = {"group": "Sampling", "advanced": True}
NUMBERS: Mapping[str, Mapping[str, Any]] = {
    "steps": {"type": "integer", "minimum": 1, "maximum": 150, **ADVANCED},
    "cfg": {"type": "number", "minimum": 0, "maximum": 30, "step": 0.1, **ADVANCED},
    "guidance": {"type": "number", "minimum": 0, "maximum": 30, "step": 0.1, **ADVANCED},
    "denoise": {"type": "number", "minimum": 0, "maximum": 1, "step": 0.05, **ADVANCED},
}
CHOICES = {"sampler_name": "sampler", "scheduler": "scheduler"}
SIZES: Mapping[str, Mapping[str, Any]] = {
    "width": {"type": "integer", "minimum": 16, "maximum": 8192, "step": 8, "group": "Size"},
    "height": {"type": "integer", "minimum": 16, "maximum": 8192, "step": 8, "group": "Size"},
    "length": {"type": "integer", "minimum": 1, "maximum": 1000, "group": "Size"},
    "batch_size": {"type": "integer", "minimum": 1, "maximum": 16, "group": "Size"},
}
MODELS = {
    "checkpoints": "model",
    "diffusion_models": "model",
    "unet_gguf": "model",
    "loras": "lora",
    "upscale_models": "upscale_model",
    "controlnet": "control_net",
}
LOADERS = {
    **dict.fromkeys(("LoadImage", "LoadImageMask"), "image"),
    **dict.fromkeys(("LoadVideo", "VHS_LoadVideo"), "video"),
    **dict.fromkeys(("LoadAudio", "VHS_LoadAudioUpload"), "audio"),
    **dict.fromkeys(("Load3D", "Load3DAdvanced"), "3d"),
}
"""Type of the file that a class loads."""


def suggestions(graph: Graph, info: ObjectInfo) -> Iterator[DraftInput]:
    """Yield inputs in the order of a form: prompts, files, sizes, seed, models, sampling."""
    yield from prompts(graph, info)
    yield from files(graph, info)
    yield from sizes(graph, info)
    yield from seed(graph, info)
    yield from models(graph, info)
    yield from sampling(graph, info)


def files(graph: Graph, info: ObjectInfo) -> Iterator[DraftInput]:
    """Yield uploads; a mask belongs to the first picture, and is a picture if there is none."""
    loads = [id_ for id_, node in graph.items() if class_of(node) in LOADERS]
    loads.sort(key=lambda id_: is_mask(graph, id_))
    types = {id_: LOADERS[class_of(graph[id_])] for id_ in loads}
    has_image = any(types[id_] == "image" and not is_mask(graph, id_) for id_ in loads)
    for id_ in loads:
        item: dict[str, Any] = {"type": types[id_], "required": True}
        if has_image and is_mask(graph, id_):
            item |= {"type": "mask", "of": "image"}
        bind = binds(id_, [FILE_INPUTS[class_of(graph[id_])]])
        name = "model_file" if item["type"] == "3d" else item["type"]
        yield DraftInput(name, item | titled(graph, id_, info) | {"bind": bind})


def is_mask(graph: Graph, id_: str) -> bool:
    """Tell whether the file serves only as a mask."""
    class_ = class_of(graph[id_])
    return class_ == "LoadImageMask" or (class_ == "LoadImage" and uses_of(graph, id_) == {1})


def sizes(graph: Graph, info: ObjectInfo) -> Iterator[DraftInput]:
    """Yield the sizes of empty latents and pictures, which decide the size of the result."""
    for id_, node in graph.items():
        if "Empty" in class_of(node):
            for name, limits in SIZES.items():
                yield from number(name, id_, graph, limits, info)


def seed(graph: Graph, info: ObjectInfo) -> Iterator[DraftInput]:
    """Yield one seed for all graph nodes, so that a result can be reproduced."""
    places = [
        {"node": id_, "input": name}
        for id_, node in graph.items()
        for name in SEEDS
        if is_number(value := inputs_of(node).get(name)) and isinstance(value, int)
    ]
    if places:
        item: dict[str, Any] = {"type": "seed", "default": "random"}
        yield DraftInput("seed", {**item, **seed_limits(places, graph, info), "bind": places})


def seed_limits(
    places: Sequence[Mapping[str, str]], graph: Graph, info: ObjectInfo
) -> dict[str, int]:
    """Return the range that all classes take, where it is smaller than that of every seed."""
    found = [
        declared.limits
        for place in places
        if (
            declared := declared_input(info.get(class_of(graph[place["node"]]), {}), place["input"])
        )
    ]
    low = max((0, *(least for least, _ in found)))
    high = min((SEED_MAXIMUM, *(most for _, most in found)))
    limits = {"minimum": int(low)} if low > 0 else {}
    return limits | ({"maximum": int(high)} if low <= high < SEED_MAXIMUM else {})


def models(graph: Graph, info: ObjectInfo) -> Iterator[DraftInput]:
    for id_, node in graph.items():
        for name, folder in MODEL_INPUTS.get(class_of(node), {}).items():
            value = inputs_of(node).get(name)
            if folder not in MODELS or not isinstance(value, str):
                continue
            item: dict[str, Any] = {"type": "model", "folder": folder, "default": value}
            item |= titled(graph, id_, info) | {"bind": binds(id_, [name])}
            if folder == "loras" and is_bypassable(graph, id_):
                item["when_absent"] = {"bypass": id_}
            yield DraftInput(MODELS[folder], item)
            if folder == "loras":
                yield from lora_strength(id_, graph)


def lora_strength(id_: str, graph: Graph) -> Iterator[DraftInput]:
    inputs = inputs_of(graph[id_])
    places = [name for name in ("strength_model", "strength_clip") if is_number(inputs.get(name))]
    if places:
        limits = {"type": "number", "minimum": -4, "maximum": 4, "step": 0.05, "group": "LoRA"}
        item = {**limits, "default": inputs[places[0]], "bind": binds(id_, places)}
        yield DraftInput("lora_strength", item)


def sampling(graph: Graph, info: ObjectInfo) -> Iterator[DraftInput]:
    for id_, node in graph.items():
        for name, limits in NUMBERS.items():
            is_plain = name == "denoise" and inputs_of(node).get(name) == 1
            if not is_plain:
                yield from number(name, id_, graph, limits, info)
        for name, called in CHOICES.items():
            value = inputs_of(node).get(name)
            if isinstance(value, str):
                declared = declared_input(info.get(class_of(node), {}), name)
                choices = declared.choices if declared else []
                offered = [choice for choice in choices if isinstance(choice, str)]
                item = {"type": "choice", "choices": offered or [value], "default": value}
                yield DraftInput(called, {**item, **ADVANCED, "bind": binds(id_, [name])})


def number(
    name: str, id_: str, graph: Graph, limits: Mapping[str, Any], info: ObjectInfo
) -> Iterator[DraftInput]:
    value = inputs_of(graph[id_]).get(name)
    if is_number(value):
        declared = declared_input(info.get(class_of(graph[id_]), {}), name)
        low, high = declared.limits if declared else (-math.inf, math.inf)
        least, most = max(limits["minimum"], low), min(limits["maximum"], high)
        wider = {"minimum": min(least, value), "maximum": max(most, value)}
        item = {**limits, **wider, "default": value, "bind": binds(id_, [name])}
        yield DraftInput(name, item)

"""Derives what a rendered graph requires of a ComfyUI server: classes, model files, input files.

The tables name ComfyUI's own loaders (nodes.py and comfy_extras at 0.8.0 and 0.33.0), and those of
the custom nodes that shipped workflows use. Names of model files have `/` between folders here,
whatever system the graph was saved on.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, TypeAlias

from workflows.file_names import with_slashes
from workflows.graph.graph import Graph, class_of, inputs_of
from workflows.json_values import is_array, is_object

ModelFile: TypeAlias = tuple[str, str]
"""(model folder, file name)"""


@dataclass(frozen=True, slots=True)
class Requirements:
    """Model files, graph-node classes, and files in ComfyUI's input folder."""

    models: frozenset[ModelFile]
    classes: frozenset[str]
    files: frozenset[str]


CLIPS = {f"clip_name{n}": "text_encoders" for n in range(1, 5)}
MODEL_INPUTS: Mapping[str, Mapping[str, str]] = {
    "AudioEncoderLoader": {"audio_encoder_name": "audio_encoders"},
    "CLIPLoader": {"clip_name": "text_encoders"},
    "CLIPVisionLoader": {"clip_name": "clip_vision"},
    "CheckpointLoader": {"ckpt_name": "checkpoints", "config_name": "configs"},
    "CheckpointLoaderSimple": {"ckpt_name": "checkpoints"},
    "ControlNetLoader": {"control_net_name": "controlnet"},
    "CreateHookLora": {"lora_name": "loras"},
    "CreateHookLoraModelOnly": {"lora_name": "loras"},
    "CreateHookModelAsLora": {"ckpt_name": "checkpoints"},
    "CreateHookModelAsLoraModelOnly": {"ckpt_name": "checkpoints"},
    "DiffControlNetLoader": {"control_net_name": "controlnet"},
    "DualCLIPLoader": CLIPS,
    "FrameInterpolationModelLoader": {"model_name": "frame_interpolation"},
    "GLIGENLoader": {"gligen_name": "gligen"},
    "HypernetworkLoader": {"hypernetwork_name": "hypernetworks"},
    "ImageOnlyCheckpointLoader": {"ckpt_name": "checkpoints"},
    "LTXAVTextEncoderLoader": {"text_encoder": "text_encoders", "ckpt_name": "checkpoints"},
    "LTXVAudioVAELoader": {"ckpt_name": "checkpoints"},
    "LatentUpscaleModelLoader": {"model_name": "latent_upscale_models"},
    "LoadBackgroundRemovalModel": {"bg_removal_name": "background_removal"},
    "LoadDA3Model": {"model_name": "geometry_estimation"},
    "LoadMediaPipeFaceLandmarker": {"model_name": "detection"},
    "LoadMoGeModel": {"model_name": "geometry_estimation"},
    "LoraLoader": {"lora_name": "loras"},
    "LoraLoaderBypass": {"lora_name": "loras"},
    "LoraLoaderBypassModelOnly": {"lora_name": "loras"},
    "LoraLoaderModelOnly": {"lora_name": "loras"},
    "ModelPatchLoader": {"name": "model_patches"},
    "OpticalFlowLoader": {"model_name": "optical_flow"},
    "PhotoMakerLoader": {"photomaker_model_name": "photomaker"},
    "PulidModelLoader": {"pulid_file": "pulid"},
    "QuadrupleCLIPLoader": CLIPS,
    "StyleModelLoader": {"style_model_name": "style_models"},
    "TripleCLIPLoader": CLIPS,
    "UNETLoader": {"unet_name": "diffusion_models"},
    "UnetLoaderGGUF": {"unet_name": "unet_gguf"},
    "UpscaleModelLoader": {"model_name": "upscale_models"},
    "VAELoader": {"vae_name": "vae"},
    "unCLIPCheckpointLoader": {"ckpt_name": "checkpoints"},
}
MODEL_KEYS: Mapping[str, str] = {
    "ckpt_name": "checkpoints",
    "clip_name": "text_encoders",
    "control_net_name": "controlnet",
    "lora": "loras",
    "lora_name": "loras",
    "unet_name": "diffusion_models",
    "vae_name": "vae",
}
"""Keys of objects that hold a model file, such as rgthree's `lora_1: {"on": true, "lora": …}`."""
MODEL_FILE = re.compile(r"\.(safetensors|sft|ckpt|pth?|bin|gguf|onnx|pkl)$", re.IGNORECASE)
FILE_INPUTS: Mapping[str, str] = {
    "Load3D": "model_file",
    "Load3DAdvanced": "model_file",
    "LoadAudio": "audio",
    "LoadImage": "image",
    "LoadImageMask": "image",
    "LoadImageOutput": "image",
    "LoadLatent": "latent",
    "LoadVideo": "file",
    "VHS_LoadAudioUpload": "audio",
    "VHS_LoadVideo": "video",
}
NOT_FILES = frozenset(
    {"pixel_space", "taesd", "taesdxl", "taesd3", "taef1", "taef2", "None", "[None]"}
)
"""Names that a loader offers although no file has that name."""
VIDEO_PREVIEW_VAES = frozenset(
    {"taehv", "taeh3", "taeltx_2", "lighttaew2_1", "lighttaew2_2", "lighttaehy1_5"}
)
"""Names without suffix that VAELoader reads from `vae_approx` (`load_vae` in nodes.py)."""


def names_a_file(class_: str, input_name: str) -> bool:
    """Tell whether the input takes the name of a model file or an input file."""
    return input_name in MODEL_INPUTS.get(class_, {}) or input_name == FILE_INPUTS.get(class_)


def requirements(graph: Graph) -> Requirements:
    files: set[str] = set()
    for node in graph.values():
        file = inputs_of(node).get(FILE_INPUTS.get(class_of(node), ""))
        if isinstance(file, str):
            files.add(file)
    classes = frozenset(class_of(node) for node in graph.values())
    models = frozenset(model for _, _, model in models_in(graph))
    return Requirements(models, classes, frozenset(files))


def models_in(graph: Graph) -> Iterator[tuple[str, str, ModelFile]]:
    """Yield the model files that the graph loads, as (graph node, input, file).

    A name that comes by a link is known only to the server.
    """
    for id_, node in graph.items():
        known = MODEL_INPUTS.get(class_of(node), {})
        for name, value in inputs_of(node).items():
            if is_object(value) or is_array(value):
                yield from ((id_, name, model) for model in models_within(value))
            elif isinstance(value, str) and name in known and value not in NOT_FILES:
                yield id_, name, model_file(known[name], value)


def models_within(value: Any) -> Iterator[ModelFile]:
    """Yield the model files that an object names, at any depth, unless it is switched off."""
    waiting = [value]
    while waiting:
        entry = waiting.pop()
        if is_array(entry):
            waiting.extend(reversed(entry))
        elif is_object(entry) and entry.get("on") is not False:
            for key, within in entry.items():
                if key in MODEL_KEYS and isinstance(within, str) and MODEL_FILE.search(within):
                    yield model_file(MODEL_KEYS[key], within)
            waiting.extend(reversed([*entry.values()]))


def model_file(folder: str, name: str) -> ModelFile:
    name = with_slashes(name)
    is_preview = folder == "vae" and PurePosixPath(name).stem in VIDEO_PREVIEW_VAES
    return ("vae_approx" if is_preview else folder), name

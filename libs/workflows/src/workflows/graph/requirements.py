"""Derives what a rendered graph requires of a ComfyUI server: classes, model files, input files.

The tables name ComfyUI's own loaders (nodes.py and comfy_extras at 0.8.0), and those of the
custom nodes that shipped workflows use.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from workflows.graph.graph import Graph, class_of, inputs_of

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
    "GLIGENLoader": {"gligen_name": "gligen"},
    "HypernetworkLoader": {"hypernetwork_name": "hypernetworks"},
    "ImageOnlyCheckpointLoader": {"ckpt_name": "checkpoints"},
    "LTXAVTextEncoderLoader": {"text_encoder": "text_encoders", "ckpt_name": "checkpoints"},
    "LTXVAudioVAELoader": {"ckpt_name": "checkpoints"},
    "LatentUpscaleModelLoader": {"model_name": "latent_upscale_models"},
    "LoraLoader": {"lora_name": "loras"},
    "LoraLoaderModelOnly": {"lora_name": "loras"},
    "ModelPatchLoader": {"name": "model_patches"},
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
FILE_INPUTS: Mapping[str, str] = {
    "Load3D": "model_file",
    "LoadAudio": "audio",
    "LoadImage": "image",
    "LoadImageMask": "image",
    "LoadImageOutput": "image",
    "LoadLatent": "latent",
    "LoadVideo": "file",
    "VHS_LoadAudioUpload": "audio",
    "VHS_LoadVideo": "video",
}
NOT_FILES = frozenset({"pixel_space", "taesd", "taesdxl", "taesd3", "taef1", "None", "[None]"})
"""Names that a loader offers although no file has that name."""


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
    """Yield the model files that the graph loads, as (graph node, input, file)."""
    for id_, node in graph.items():
        for name, folder in MODEL_INPUTS.get(class_of(node), {}).items():
            value = inputs_of(node).get(name)
            if isinstance(value, str) and value not in NOT_FILES:
                yield id_, name, (folder, value)

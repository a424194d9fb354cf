"""Workflows of SD 1.5's family and upscalers run to their end for real, with small models.

COMFYUI_CHECKPOINT names a checkpoint of that ComfyUI, COMFYUI_CONTROL_NET a ControlNet that fits
it, COMFYUI_UPSCALE_MODEL an upscale model: the smaller the better, random weights will do. Two
steps at 128 pixels are enough to see that every graph node gets what it can work with.
"""

import os
from pathlib import Path

import pytest

from workflows import WorkflowVersion
from workflows.docs.pages import load_folder
from workflows.testing import inputs_with

from .comfyui import ComfyUI

pytestmark = [pytest.mark.comfyui, pytest.mark.timeout(180)]
SHIPPED = load_folder(Path(__file__).parents[2] / "workflows")
SMALL = {"steps": 2, "width": 128, "height": 128}
FILES = {
    "comic_background": {"9": 1},
    "comic_character_sheet": {"9": 1, "65": 3},
    "comic_panel": {"9": 1},
    "controlnet_canny": {"9": 1, "15": 1},
    "controlnet_depth": {"9": 1, "15": 1},
    "controlnet_pose": {"9": 1, "15": 1},
    "hires_fix": {"9": 1},
    "img2img": {"9": 1},
    "inpaint": {"9": 1},
    "lora_txt2img": {"9": 1},
    "outpaint": {"9": 1},
    "sd15": {"9": 1},
    "sdxl": {"9": 1},
    "three_variations": {"9": 1, "14": 3},
    "txt2img": {"9": 1},
    "upscale": {"4": 1},
    "upscale_to_size": {"5": 1},
}
MODELS = {
    "checkpoints": "COMFYUI_CHECKPOINT",
    "controlnet": "COMFYUI_CONTROL_NET",
    "upscale_models": "COMFYUI_UPSCALE_MODEL",
}


@pytest.mark.parametrize("name", FILES)
def test_it_makes_what_its_outputs_promise(comfyui: ComfyUI, name: str) -> None:
    version = SHIPPED[name]
    small = {key: value for key, value in SMALL.items() if key in version.spec.inputs}
    if version.spec.requires.classes:
        small["preprocess"] = False
    graph = comfyui.rendered(version, inputs_with(version, **small, **models_of(version)))

    written = comfyui.run(graph)

    assert {id_: len(files) for id_, files in written.items()} == FILES[name]


def models_of(version: WorkflowVersion) -> dict[str, str]:
    """The small models, one for each input that takes a model of such a folder."""
    found = dict[str, str]()
    for name, item in version.spec.inputs.items():
        if variable := MODELS.get(item.folder or ""):
            found[name] = os.environ.get(variable, "") or pytest.skip(f"set {variable}")
    return found

"""Workflows that need only a checkpoint paint for real: COMFYUI_CHECKPOINT names a small one.

Two steps at 128 pixels: enough to see that every graph node gets what it can work with.
"""

import os
from pathlib import Path

import pytest

from workflows.folder import load_folder
from workflows.testing import inputs_with

from .comfyui import ComfyUI

pytestmark = [pytest.mark.comfyui, pytest.mark.timeout(180)]
SHIPPED = load_folder(Path(__file__).parents[2] / "workflows")
SMALL = {"steps": 2, "width": 128, "height": 128}
FILES = {
    "comic_background": {"9": 1},
    "comic_character_sheet": {"9": 1, "65": 3},
    "comic_panel": {"9": 1},
    "hires_fix": {"9": 1},
    "img2img": {"9": 1},
    "inpaint": {"9": 1},
    "lora_txt2img": {"9": 1},
    "outpaint": {"9": 1},
    "sd15": {"9": 1},
    "sdxl": {"9": 1},
    "three_variations": {"9": 1, "14": 3},
    "txt2img": {"9": 1},
}


@pytest.mark.parametrize("name", FILES)
def test_it_paints_what_its_outputs_promise(comfyui: ComfyUI, name: str) -> None:
    checkpoint = os.environ.get("COMFYUI_CHECKPOINT")
    if not checkpoint:
        pytest.skip(
            "set COMFYUI_CHECKPOINT to a checkpoint of that ComfyUI, the smaller the better"
        )
    version = SHIPPED[name]
    wanted = SMALL | {"model": checkpoint, "refiner": checkpoint}
    chosen = {key: value for key, value in wanted.items() if key in version.spec.inputs}

    written = comfyui.run(comfyui.rendered(version, inputs_with(version, **chosen)))

    assert {id_: len(files) for id_, files in written.items()} == FILES[name]

"""Workflows that sample go through the fleet and come back painted by a real ComfyUI.

COMFYUI_CHECKPOINT names a checkpoint of SD 1.5's family that all the servers have.
"""

import os

import httpx
import pytest

from .test_masks import a_drawing, as_png
from .test_pixels import a_photo, through_the_fleet, upload

pytestmark = [pytest.mark.comfyui, pytest.mark.timeout(300)]
SIDE = 128
SQUARES = ("txt2img", "img2img", "inpaint", "sd15", "sdxl", "lora_txt2img", "three_variations")
SIZES = {
    **dict.fromkeys(SQUARES, (SIDE, SIDE)),
    "comic_panel": (SIDE, SIDE),
    "comic_background": (SIDE, SIDE),
    "comic_character_sheet": (3 * SIDE + 2 * 16, SIDE),
    "outpaint": (SIDE + 256, SIDE),
    "hires_fix": (2 * SIDE, 2 * SIDE),
}


@pytest.fixture(scope="module")
def checkpoint() -> str:
    return os.environ.get("COMFYUI_CHECKPOINT") or pytest.skip("set COMFYUI_CHECKPOINT")


@pytest.mark.parametrize("workflow", SIZES)
def test_it_is_painted_at_its_size(api: httpx.Client, checkpoint: str, workflow: str) -> None:
    photo = upload(api, a_photo(SIDE, SIDE, 1), "image")
    mask = upload(api, as_png(a_drawing(SIDE, SIDE)), "mask", image_id=photo)
    inputs = {
        "prompt": "a red door",
        "model": checkpoint,
        "steps": 2,
        "width": SIDE,
        "height": SIDE,
        "image": {"media": photo},
        "mask": {"media": mask},
    }
    fields = api.get(f"/v1/workflows/{workflow}/schema").json()["properties"]
    taken = {name: value for name, value in inputs.items() if name in fields}

    assert through_the_fleet(api, workflow, taken).size == SIZES[workflow]

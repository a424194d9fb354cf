"""Describes the server and its classes; it names itself a preview engine everywhere."""

import os
import platform
from dataclasses import asdict
from importlib.metadata import version

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from preview_engine.domain.switches import UnknownSwitchError
from preview_engine.engine.engine import Engine
from preview_engine.routes.answers import json_answer, read_object
from preview_engine.settings import MEBIBYTE

DEVICE = "ComfyFleet preview engine (no GPU)"
MODEL_FOLDERS = [
    "checkpoints",
    "configs",
    "loras",
    "vae",
    "text_encoders",
    "diffusion_models",
    "clip_vision",
    "style_models",
    "embeddings",
    "diffusers",
    "vae_approx",
    "controlnet",
    "gligen",
    "upscale_models",
    "latent_upscale_models",
    "custom_nodes",
    "hypernetworks",
    "photomaker",
    "classifiers",
    "model_patches",
    "audio_encoders",
]
PAGE = """<!doctype html><title>ComfyFleet preview engine</title>
<h1>ComfyFleet preview engine</h1><p>Speaks ComfyUI's protocol, needs no GPU, runs no model."""


async def show_page(_request: Request) -> Response:
    return HTMLResponse(PAGE)


def system_stats(engine: Engine) -> dict[str, object]:
    page = os.sysconf("SC_PAGE_SIZE")
    total = os.sysconf("SC_PHYS_PAGES") * page
    available = os.sysconf("SC_AVPHYS_PAGES") * page
    vram = engine.settings.vram_mb * MEBIBYTE
    memory, vacant = vram or total, vram or available
    system = {
        "os": platform.system().lower(),
        "ram_total": total,
        "ram_free": available,
        "comfyui_version": f"preview-engine {version('comfyfleet-preview-engine')}",
        "python_version": platform.python_version(),
        "pytorch_version": "none",
        "embedded_python": False,
        "argv": ["preview_engine"],
    }
    device = {"name": DEVICE, "type": "cpu", "index": None}
    device |= {"vram_total": memory, "vram_free": vacant}
    device |= {"torch_vram_total": memory, "torch_vram_free": vacant}
    return {"system": system, "devices": [device]}


async def show_models(engine: Engine, request: Request) -> Response:
    folder = request.path_params["folder"]
    if folder not in MODEL_FOLDERS:
        return Response(status_code=404)
    return json_answer(engine.models().get(folder, []))


def features(engine: Engine) -> dict[str, object]:
    return {
        "supports_preview_metadata": True,
        "max_upload_size": engine.settings.max_upload_bytes,
        "extension": {"manager": {"supports_v4": True}},
    }


async def set_switches(engine: Engine, request: Request) -> Response:
    try:
        engine.use_switches(await read_object(request))
    except UnknownSwitchError as error:
        return json_answer({"error": str(error)}, 400)
    return json_answer(asdict(engine.switches))

"""Describes the server and its classes; it names itself a preview engine everywhere."""

import os
import platform
from importlib.metadata import version

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from preview_engine.domain.catalog import object_info
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


async def show_system_stats(engine: Engine, _request: Request) -> Response:
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
    return json_answer({"system": system, "devices": [device]})


async def show_object_info(engine: Engine, request: Request) -> Response:
    """Show all classes, or the named one; {} for an unknown name."""
    named = request.path_params.get("name")
    names = engine.catalog if named is None else [named]
    return json_answer(object_info(engine.catalog, names, engine.folders.list_inputs()))


async def show_model_folders(_request: Request) -> Response:
    return json_answer(MODEL_FOLDERS)


async def show_models(engine: Engine, request: Request) -> Response:
    folder = request.path_params["folder"]
    if folder not in MODEL_FOLDERS:
        return Response(status_code=404)
    return json_answer(engine.switches.models.get(folder, []))


async def show_nothing(_request: Request) -> Response:
    """Show an empty list: /embeddings and /extensions."""
    return json_answer([])


def features(engine: Engine) -> dict[str, object]:
    return {
        "supports_preview_metadata": True,
        "max_upload_size": engine.settings.max_upload_bytes,
        "extension": {"manager": {"supports_v4": True}},
    }


async def show_features(engine: Engine, _request: Request) -> Response:
    return json_answer(features(engine))


async def show_switches(engine: Engine, _request: Request) -> Response:
    return json_answer(engine.switches.view())


async def set_switches(engine: Engine, request: Request) -> Response:
    try:
        engine.use_switches(await read_object(request))
    except UnknownSwitchError as error:
        return json_answer({"error": str(error)}, 400)
    return json_answer(engine.switches.view())

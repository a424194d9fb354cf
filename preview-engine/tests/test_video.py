"""Films: as long, as large and as fast as the graph says, with the prompt in the file."""

# PyAV's types name numpy without needing it.
# pyright: reportUnknownMemberType=false

import io
import json
from collections.abc import Callable
from typing import Any, cast

import av
import httpx
from PIL import Image

RunPrompt = Callable[..., dict[str, Any]]


def a_node(class_name: str, **inputs: Any) -> dict[str, Any]:
    return {"class_type": class_name, "inputs": inputs}


def a_film(**latent: Any) -> dict[str, Any]:
    size = {"width": 64, "height": 32, "length": 9, "batch_size": 1} | latent
    sampler = {"seed": 1, "steps": 2, "cfg": 5.0, "sampler_name": "uni_pc", "scheduler": "simple"}
    prompts = {"positive": ["2", 0], "negative": ["3", 0]}
    return {
        "1": a_node("CheckpointLoaderSimple", ckpt_name="tiny_sd15.safetensors"),
        "2": a_node("CLIPTextEncode", text="waves", clip=["1", 1]),
        "3": a_node("CLIPTextEncode", text="", clip=["1", 1]),
        "4": a_node("Wan22ImageToVideoLatent", vae=["1", 2], **size),
        "5": a_node(
            "KSampler", model=["1", 0], latent_image=["4", 0], denoise=1.0, **sampler, **prompts
        ),
        "6": a_node("VAEDecode", samples=["5", 0], vae=["1", 2]),
        "7": a_node("CreateVideo", images=["6", 0], fps=8.0),
        "out": a_node(
            "SaveVideo", video=["7", 0], filename_prefix="a/b", format="auto", codec="auto"
        ),
        "10": a_node("EmptyImage", width=200, height=200, batch_size=1, color=0xFF0000),
    }


def film_of(http: httpx.Client, run_prompt: RunPrompt, graph: dict[str, Any], **body: Any) -> bytes:
    entry = run_prompt(http, graph, **body)
    assert entry["status"]["status_str"] == "success", entry["status"]["messages"][-1]
    shown = entry["outputs"]["out"]
    assert shown["animated"] == [True]
    [file] = shown["images"]
    assert file["subfolder"] == "a"
    return http.get("/view", params=file).content


def frames_of(content: bytes) -> list[Image.Image]:
    with av.open(io.BytesIO(content), "r") as film:
        return [frame.to_image() for frame in film.decode(video=0)]


def as_rgb(color: object) -> tuple[int, ...]:
    assert isinstance(color, tuple)
    return cast("tuple[int, ...]", color)


def test_a_film_has_the_frames_and_the_speed_it_was_asked_for(
    http: httpx.Client, run_prompt: RunPrompt
) -> None:
    """Wan counts in fours and one: of 11 frames there are 9."""
    graph = a_film(length=11)
    extra = {"extra_pnginfo": {"workflow": {"id": "wf-1"}}}
    content = film_of(http, run_prompt, graph, extra_data=extra)
    with av.open(io.BytesIO(content), "r") as film:
        [track] = film.streams.video
        assert (track.codec_context.name, track.average_rate) == ("h264", 8)
        assert (track.width, track.height, track.frames) == (64, 32, 9)
        assert json.loads(film.metadata["prompt"])["4"]["inputs"]["length"] == 11
        assert json.loads(film.metadata["workflow"]) == {"id": "wf-1"}


def test_a_film_begins_with_its_picture(http: httpx.Client, run_prompt: RunPrompt) -> None:
    content = film_of(http, run_prompt, a_film(start_image=["10", 0]))
    colors = [frame.getpixel((32, 8)) for frame in frames_of(content)]
    assert all(abs(a - b) < 20 for a, b in zip(as_rgb(colors[0]), (255, 0, 0), strict=True))
    assert colors[-1] != colors[0]


def test_frames_that_x264_cannot_take_are_an_error_as_in_comfyui(
    http: httpx.Client, run_prompt: RunPrompt
) -> None:
    graph = a_film()
    graph["7"]["inputs"]["images"] = ["10", 0]
    graph["10"]["inputs"]["width"] = 201
    entry = run_prompt(http, graph)
    kind, told = entry["status"]["messages"][-1]
    assert (kind, told["node_type"]) == ("execution_error", "SaveVideo")

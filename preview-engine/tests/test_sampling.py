"""Graphs for a GPU: accepted, stepped through, answered with pictures that say what they are."""

import io
from collections.abc import Callable
from typing import Any

import httpx
from PIL import Image, ImageChops

CONTROL_NET = "control_v11p_sd15_canny_fp16.safetensors"
RunPrompt = Callable[..., dict[str, Any]]


def a_node(class_name: str, **inputs: Any) -> dict[str, Any]:
    return {"class_type": class_name, "inputs": inputs}


def a_sampling_graph(latent: dict[str, Any], **sampling: Any) -> dict[str, Any]:
    sampler = {"seed": 1, "steps": 3, "cfg": 7.0, "sampler_name": "euler", "scheduler": "normal"}
    sampler |= {"denoise": 1.0, "model": ["1", 0], "positive": ["2", 0], "negative": ["3", 0]}
    return {
        "1": a_node("CheckpointLoaderSimple", ckpt_name="tiny_sd15.safetensors"),
        "2": a_node("CLIPTextEncode", text="a red fox", clip=["1", 1]),
        "3": a_node("CLIPTextEncode", text="blurry", clip=["1", 1]),
        "4": latent,
        "5": a_node("KSampler", latent_image=["4", 0], **(sampler | sampling)),
        "6": a_node("VAEDecode", samples=["5", 0], vae=["1", 2]),
        "out": a_node("PreviewImage", images=["6", 0]),
    }


def an_empty_latent(side: int = 128, count: int = 1) -> dict[str, Any]:
    return a_node("EmptyLatentImage", width=side, height=side, batch_size=count)


def pictures(http: httpx.Client, run_prompt: RunPrompt, graph: dict[str, Any]) -> list[Image.Image]:
    entry = run_prompt(http, graph)
    assert entry["status"]["status_str"] == "success", entry["status"]["messages"][-1]
    found = [http.get("/view", params=image) for image in entry["outputs"]["out"]["images"]]
    return [Image.open(io.BytesIO(answer.content)) for answer in found]


def has_label(picture: Image.Image) -> bool:
    """The band at the foot is dark, with ink in the label's color on it."""
    foot = picture.crop((0, picture.height - 7, picture.width, picture.height))
    colors = {color for _, color in foot.getcolors(maxcolors=2**16) or []}
    return (16, 16, 16) in colors and any(
        isinstance(color, tuple) and color[0] > 150 > color[2] for color in colors
    )


def test_the_same_prompt_and_seed_give_the_same_labeled_picture(
    http: httpx.Client, run_prompt: RunPrompt
) -> None:
    [first] = pictures(http, run_prompt, a_sampling_graph(an_empty_latent()))
    http.post("/free", json={"free_memory": True})
    [again] = pictures(http, run_prompt, a_sampling_graph(an_empty_latent()))
    [other] = pictures(http, run_prompt, a_sampling_graph(an_empty_latent(), seed=2))
    assert first.size == (128, 128)
    assert first.tobytes() == again.tobytes()
    assert first.tobytes() != other.tobytes()
    assert has_label(first)


def test_each_picture_of_a_batch_is_another(http: httpx.Client, run_prompt: RunPrompt) -> None:
    batch = pictures(http, run_prompt, a_sampling_graph(an_empty_latent(64, 3)))
    assert len({picture.tobytes() for picture in batch}) == 3


def test_inpainting_leaves_what_the_mask_does_not_cover(
    http: httpx.Client, run_prompt: RunPrompt
) -> None:
    graph = a_sampling_graph(
        a_node("VAEEncodeForInpaint", pixels=["7", 0], vae=["1", 2], mask=["8", 0], grow_mask_by=0)
    )
    graph["7"] = a_node("EmptyImage", width=128, height=128, batch_size=1, color=0x808080)
    graph["9"] = a_node("SolidMask", value=0.0, width=128, height=128)
    graph["10"] = a_node("SolidMask", value=1.0, width=64, height=128)
    graph["8"] = a_node(
        "MaskComposite", destination=["9", 0], source=["10", 0], x=64, y=0, operation="add"
    )
    [picture] = pictures(http, run_prompt, graph)
    assert picture.getpixel((20, 40)) == (0x80, 0x80, 0x80)
    assert picture.getpixel((100, 40)) != (0x80, 0x80, 0x80)


def test_weak_denoising_lets_the_source_shine_through(
    http: httpx.Client, run_prompt: RunPrompt
) -> None:
    def distance(denoise: float) -> int:
        graph = a_sampling_graph(
            a_node("VAEEncode", pixels=["7", 0], vae=["1", 2]), denoise=denoise
        )
        graph["7"] = a_node("EmptyImage", width=64, height=64, batch_size=1, color=0xFFFFFF)
        [picture] = pictures(http, run_prompt, graph)
        white = Image.new("RGB", picture.size, (255, 255, 255))
        return sum(ImageChops.difference(picture, white).convert("L").histogram()[128:])

    assert distance(0.2) < distance(1.0)


def test_a_flux_graph_and_its_kin_are_accepted(http: httpx.Client, run_prompt: RunPrompt) -> None:
    graph = {
        "1": a_node("UNETLoader", unet_name="flux1-dev.safetensors", weight_dtype="default"),
        "2": a_node(
            "DualCLIPLoader",
            clip_name1="clip_l.safetensors",
            clip_name2="t5xxl_fp8_e4m3fn.safetensors",
            type="flux",
        ),
        "3": a_node("VAELoader", vae_name="ae.safetensors"),
        "4": a_node(
            "LoraLoaderModelOnly",
            model=["1", 0],
            lora_name="pixel-art-xl.safetensors",
            strength_model=1.0,
        ),
        "5": a_node(
            "ModelSamplingFlux",
            model=["4", 0],
            max_shift=1.15,
            base_shift=0.5,
            width=64,
            height=64,
        ),
        "6": a_node("CLIPTextEncode", text="fox", clip=["2", 0]),
        "7": a_node("FluxGuidance", conditioning=["6", 0], guidance=3.5),
        "8": a_node("ConditioningZeroOut", conditioning=["6", 0]),
        "9": a_node("ControlNetLoader", control_net_name=CONTROL_NET),
        "10": a_node(
            "ControlNetApplyAdvanced",
            positive=["7", 0],
            negative=["8", 0],
            control_net=["9", 0],
            image=["15", 0],
            strength=1.0,
            start_percent=0.0,
            end_percent=1.0,
        ),
        "11": a_node("EmptySD3LatentImage", width=64, height=64, batch_size=1),
        "12": a_node("LatentUpscaleBy", samples=["11", 0], upscale_method="area", scale_by=2.0),
        "13": a_node(
            "KSamplerAdvanced",
            model=["5", 0],
            add_noise="enable",
            noise_seed=5,
            steps=4,
            cfg=1.0,
            sampler_name="euler",
            scheduler="simple",
            positive=["10", 0],
            negative=["10", 1],
            latent_image=["12", 0],
            start_at_step=0,
            end_at_step=10000,
            return_with_leftover_noise="disable",
        ),
        "14": a_node("VAEDecode", samples=["13", 0], vae=["3", 0]),
        "15": a_node("EmptyImage", width=64, height=64, batch_size=1, color=0),
        "16": a_node("UpscaleModelLoader", model_name="RealESRGAN_x4plus.pth"),
        "17": a_node("ImageUpscaleWithModel", upscale_model=["16", 0], image=["14", 0]),
        "out": a_node("PreviewImage", images=["17", 0]),
    }
    [picture] = pictures(http, run_prompt, graph)
    assert picture.size == (512, 512)
    assert has_label(picture)

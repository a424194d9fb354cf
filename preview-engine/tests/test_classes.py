"""Pictures: real work where no model is needed, labeled placeholders where one would be."""

import io
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from PIL import Image

from preview_engine.classes.registry import PURE, WITH_RUN, function_name
from preview_engine.domain.catalog import load_catalog

RunPrompt = Callable[..., dict[str, Any]]


@pytest.fixture
def result_of(
    http: httpx.Client, run_prompt: RunPrompt
) -> Callable[[dict[str, Any]], list[Image.Image]]:
    """Run a graph whose node `out` shows pictures, and fetch them."""

    def run(graph: dict[str, Any]) -> list[Image.Image]:
        entry = run_prompt(http, graph)
        assert entry["status"]["status_str"] == "success", entry["status"]["messages"][-1]
        shown = entry["outputs"]["out"]["images"]
        answers = [http.get("/view", params=image) for image in shown]
        return [Image.open(io.BytesIO(answer.content)) for answer in answers]

    return run


Result = Callable[[dict[str, Any]], list[Image.Image]]


def a_picture(**inputs: Any) -> dict[str, Any]:
    defaults = {"width": 64, "height": 48, "batch_size": 1, "color": 0x336699}
    return {"class_type": "EmptyImage", "inputs": defaults | inputs}


def a_node(class_name: str, **inputs: Any) -> dict[str, Any]:
    return {"class_type": class_name, "inputs": inputs}


def shown(node_id: str) -> dict[str, Any]:
    return a_node("PreviewImage", images=[node_id, 0])


def upload(http: httpx.Client, name: str, picture: Image.Image) -> None:
    target = io.BytesIO()
    picture.save(target, "PNG")
    http.post("/upload/image", files={"image": (name, target.getvalue())}, data={"overwrite": "1"})


def test_a_picture_survives_loading_and_saving(http: httpx.Client, result_of: Result) -> None:
    gradient = Image.linear_gradient("L").convert("RGB")
    upload(http, "gradient.png", gradient)
    [saved] = result_of({"1": a_node("LoadImage", image="gradient.png"), "out": shown("1")})
    assert saved.tobytes() == gradient.tobytes()


def test_inverting_cuts_off_where_float32_does(http: httpx.Client, result_of: Result) -> None:
    """ComfyUI turns 200 into 54, not 55: 255 * (1 - 200 / 255) is just below 55 in float32."""
    upload(http, "levels.png", Image.linear_gradient("L").convert("RGB"))
    graph = {
        "1": a_node("LoadImage", image="levels.png"),
        "2": a_node("ImageInvert", image=["1", 0]),
        "out": shown("2"),
    }
    [inverted] = result_of(graph)
    levels = [inverted.getpixel((0, y)) for y in (0, 64, 65, 200, 255)]
    assert levels == [(255,) * 3, (191,) * 3, (189,) * 3, (54,) * 3, (0,) * 3]


@pytest.mark.parametrize("method", ["nearest-exact", "bilinear", "area", "bicubic", "lanczos"])
@pytest.mark.parametrize(("width", "height", "size"), [(20, 30, (20, 30)), (128, 0, (128, 96))])
def test_scaling_gives_the_size_that_was_asked_for(
    result_of: Result, method: str, width: int, height: int, size: tuple[int, int]
) -> None:
    scale = a_node(
        "ImageScale",
        image=["1", 0],
        upscale_method=method,
        width=width,
        height=height,
        crop="center",
    )
    [scaled] = result_of({"1": a_picture(), "2": scale, "out": shown("2")})
    assert scaled.size == size
    assert scaled.getpixel((5, 5)) == (0x33, 0x66, 0x99)


def test_a_mask_decides_where_the_source_shows(http: httpx.Client, result_of: Result) -> None:
    mask = Image.new("RGBA", (64, 48), (0, 0, 0, 255))
    mask.paste((255, 0, 0, 255), (32, 0, 64, 48))
    upload(http, "right_half.png", mask)
    graph = {
        "1": a_picture(color=0xFF0000),
        "2": a_picture(color=0x0000FF),
        "3": a_node("LoadImageMask", image="right_half.png", channel="red"),
        "4": a_node(
            "ImageCompositeMasked",
            destination=["1", 0],
            source=["2", 0],
            x=0,
            y=0,
            resize_source=False,
            mask=["3", 0],
        ),
        "out": shown("4"),
    }
    [composite] = result_of(graph)
    assert composite.getpixel((10, 10)) == (255, 0, 0)
    assert composite.getpixel((50, 10)) == (0, 0, 255)


def test_every_mask_class_works(result_of: Result) -> None:
    graph = {
        "1": a_node("SolidMask", value=1.0, width=32, height=32),
        "2": a_node("FeatherMask", mask=["1", 0], left=8, top=0, right=0, bottom=4),
        "3": a_node("GrowMask", mask=["2", 0], expand=-2, tapered_corners=True),
        "4": a_node("InvertMask", mask=["3", 0]),
        "5": a_node(
            "MaskComposite", destination=["4", 0], source=["1", 0], x=24, y=0, operation="add"
        ),
        "6": a_node("CropMask", mask=["5", 0], x=0, y=0, width=30, height=20),
        "7": a_node("ThresholdMask", mask=["6", 0], value=0.5),
        "8": a_node("MaskToImage", mask=["7", 0]),
        "9": a_node("ImageToMask", image=["8", 0], channel="green"),
        "out": a_node("MaskPreview", mask=["9", 0]),
    }
    [mask] = result_of(graph)
    assert mask.size == (30, 20)
    assert mask.getpixel((29, 10)) == (255, 255, 255)
    assert mask.getpixel((15, 10)) == (0, 0, 0)


def test_every_picture_class_works(result_of: Result) -> None:
    graph = {
        "1": a_picture(batch_size=2),
        "2": a_node("ImageBlur", image=["1", 0], blur_radius=2, sigma=1.0),
        "3": a_node("ImageSharpen", image=["2", 0], sharpen_radius=1, sigma=1.0, alpha=1.0),
        "4": a_node(
            "ImagePadForOutpaint", image=["3", 0], left=8, top=8, right=0, bottom=0, feathering=4
        ),
        "5": a_node("ImageCrop", image=["4", 0], width=40, height=40, x=0, y=0),
        "6": a_node("ImageScaleBy", image=["5", 0], upscale_method="area", scale_by=0.5),
        "7": a_node("ImageFlip", image=["6", 0], flip_method="x-axis: vertically"),
        "8": a_node("ImageRotate", image=["7", 0], rotation="90 degrees"),
        "9": a_node(
            "ImageBlend",
            image1=["8", 0],
            image2=["1", 0],
            blend_factor=0.5,
            blend_mode="screen",
        ),
        "10": a_node("ImageBatch", image1=["9", 0], image2=["1", 0]),
        "11": a_node("RepeatImageBatch", image=["10", 0], amount=2),
        "12": a_node("ImageFromBatch", image=["11", 0], batch_index=1, length=3),
        "13": a_node("JoinImageWithAlpha", image=["12", 0], alpha=["4", 1]),
        "14": a_node("SplitImageWithAlpha", image=["13", 0]),
        "out": shown("14"),
    }
    pictures = result_of(graph)
    assert [picture.size for picture in pictures] == [(20, 20)] * 3


def test_animations_are_one_file(result_of: Result) -> None:
    save = a_node(
        "SaveAnimatedWEBP",
        images=["2", 0],
        filename_prefix="film",
        fps=10.0,
        lossless=True,
        quality=80,
        method="fastest",
    )
    blend = a_node("ImageBatch", image1=["1", 0], image2=["3", 0])
    graph = {"1": a_picture(), "3": a_picture(color=0xFF0000), "2": blend, "out": save}
    [film] = result_of(graph)
    assert getattr(film, "n_frames", 1) == 2


def test_the_prompt_is_written_into_the_file(http: httpx.Client, run_prompt: RunPrompt) -> None:
    graph = {"1": a_picture(color=77), "out": shown("1")}
    extra = {"extra_pnginfo": {"workflow": {"id": "wf-1"}}, "api_key_comfy_org": "secret"}
    entry = run_prompt(http, graph, extra_data=extra)
    assert "api_key_comfy_org" not in entry["prompt"][3]
    [image] = entry["outputs"]["out"]["images"]
    text = Image.open(io.BytesIO(http.get("/view", params=image).content)).info
    assert '"color": 77' in text["prompt"]
    assert text["workflow"] == '{"id": "wf-1"}'


def test_each_class_has_its_function() -> None:
    names = [function_name(name) for name in load_catalog({}, with_test_classes=True)]
    assert [name for name in names if name not in PURE and name not in WITH_RUN] == []

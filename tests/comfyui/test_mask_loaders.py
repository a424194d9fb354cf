"""Each loader of masks, and each consumer that needs no model, sees the mask that was uploaded."""

# Pillow leaves out the types of some parameters.
# pyright: reportUnknownMemberType=false

import io
from typing import Any

import httpx
import pytest
from PIL import Image, ImageChops, ImageOps

from .test_masks import as_png
from .test_pixels import a_gradient, a_photo, finished, upload

pytestmark = [pytest.mark.comfyui, pytest.mark.timeout(300)]
SIZE = (160, 120)
LOADERS: dict[str, dict[str, Any]] = {
    **{
        f"mask_{channel}": {"class_type": "LoadImageMask", "inputs": {"channel": channel}}
        for channel in ("alpha", "red", "green", "blue")
    },
    "image": {"class_type": "LoadImage", "inputs": {}},
}
MASKS: dict[str, list[Any]] = {
    **{name: [name, 0] for name in LOADERS if name != "image"},
    "image_mask": ["image", 1],
}
MASK = {"mask": ["mask_alpha", 0]}
NOTHING = {"left": 0, "top": 0, "right": 0, "bottom": 0}
CONSUMERS: dict[str, dict[str, Any]] = {
    **{
        f"to_mask_{channel}": {
            "class_type": "ImageToMask",
            "inputs": {"image": ["image", 0], "channel": channel},
        }
        for channel in ("red", "green", "blue")
    },
    "invert": {"class_type": "InvertMask", "inputs": MASK},
    "crop": {
        "class_type": "CropMask",
        "inputs": {**MASK, "x": 0, "y": 0, "width": SIZE[0], "height": SIZE[1]},
    },
    "feather": {"class_type": "FeatherMask", "inputs": {**MASK, **NOTHING}},
    "grow": {
        "class_type": "GrowMask",
        "inputs": {**MASK, "expand": 0, "tapered_corners": False},
    },
    "combine": {
        "class_type": "MaskComposite",
        "inputs": {
            "destination": ["mask_alpha", 0],
            "source": ["mask_red", 0],
            "x": 0,
            "y": 0,
            "operation": "multiply",
        },
    },
}
IMAGES: dict[str, dict[str, Any]] = {
    "black": {"class_type": "EmptyImage", "inputs": {"color": 0}},
    "white": {"class_type": "LoadImage", "inputs": {"image": "white.png"}},
    "composite": {
        "class_type": "ImageCompositeMasked",
        "inputs": {
            "destination": ["black", 0],
            "source": ["white", 0],
            **MASK,
            "x": 0,
            "y": 0,
            "resize_source": False,
        },
    },
    "cut": {
        "class_type": "JoinImageWithAlpha",
        "inputs": {"image": ["white", 0], "alpha": ["mask_alpha", 0]},
    },
}


def a_workflow() -> dict[str, Any]:
    graph: dict[str, Any] = {**LOADERS, **CONSUMERS, **IMAGES}
    for name in LOADERS:
        graph[name]["inputs"]["image"] = "mask.png"
    size = {"width": SIZE[0], "height": SIZE[1], "batch_size": 1}
    graph["black"]["inputs"].update(size)
    shown = MASKS | {name: [name, 0] for name in CONSUMERS}
    for name, source in shown.items():
        graph[f"show_{name}"] = {"class_type": "MaskToImage", "inputs": {"mask": source}}
    sources = {name: [f"show_{name}", 0] for name in shown}
    for name, source in {**sources, "composite": ["composite", 0], "cut": ["cut", 0]}.items():
        inputs = {"images": source, "filename_prefix": name}
        graph[f"save_{name}"] = {"class_type": "SaveImage", "inputs": inputs}
    saved = [*sources, "composite", "cut"]
    spec = {
        "spec": "comfyfleet/v1",
        "name": "mask_loaders",
        "title": "Every loader of masks",
        "category": "utility",
        "inputs": {
            "picture": {"type": "image", "bind": [{"node": "white", "input": "image"}]},
            "mask": {
                "type": "mask",
                "of": "picture",
                "bind": [{"node": name, "input": "image"} for name in LOADERS],
            },
        },
        "outputs": {name: {"node": f"save_{name}", "kind": "image"} for name in saved},
    }
    return {"graph": graph, "spec": spec, "activate": True}


def seen(api: httpx.Client, mask: Image.Image) -> dict[str, Image.Image]:
    """Return the pictures that each output made of the mask."""
    answer = api.post("/v1/workflows", json=a_workflow())
    assert answer.is_success, answer.text
    picture = upload(api, as_png(Image.new("L", SIZE, 255)), "image")
    drawn = upload(api, as_png(mask), "mask", image_id=picture)
    inputs = {"picture": {"media": picture}, "mask": {"media": drawn}}
    job = finished(api, "mask_loaders", inputs)
    contents = {output["name"]: api.get(output["url"]).content for output in job["outputs"]}
    return {name: Image.open(io.BytesIO(content)) for name, content in contents.items()}


def as_mask(name: str, picture: Image.Image) -> Image.Image:
    if name == "cut":
        return ImageOps.invert(picture.getchannel("A"))
    shown = picture.convert("L")
    return ImageOps.invert(shown) if name == "invert" else shown


def test_every_loader_and_consumer_sees_the_mask(api: httpx.Client) -> None:
    mask = a_gradient(*SIZE)
    mask.paste(255, (0, 0, 40, 40))
    mask.paste(0, (40, 0, 80, 40))
    pictures = seen(api, mask)

    assert len(pictures) == len(MASKS) + len(CONSUMERS) + 2
    pictures.pop("combine")  # multiplied by itself: its extremes alone are the mask's
    for name, picture in pictures.items():
        found = as_mask(name, picture)
        histogram = ImageChops.difference(found, mask).histogram()
        assert not any(histogram[2:]), name  # SaveImage cuts 152.9999 to 152
        for value, place in ((255, (0, 0, 40, 40)), (0, (40, 0, 80, 40))):
            assert found.crop(place).getextrema() == (value, value), name


@pytest.mark.parametrize(
    ("mode", "form"),
    [
        *(("L", form) for form in ("PNG", "JPEG", "TIFF", "BMP", "WEBP")),
        *(("LA", "PNG"), ("P", "PNG"), ("P", "GIF"), ("1", "PNG"), ("I;16", "PNG")),
        *(("RGB", "PNG"), ("RGBA", "PNG"), ("RGB", "BMP"), ("RGB", "WEBP"), ("CMYK", "JPEG")),
    ],
)
def test_a_picture_of_any_form_reaches_the_graph_as_it_is_kept(
    api: httpx.Client, mode: str, form: str
) -> None:
    photo = Image.open(io.BytesIO(a_photo(*SIZE, 4)))
    file = io.BytesIO()
    options = {"lossless": True} if form == "WEBP" else {}
    (photo.convert("L") if mode == "I;16" else photo).convert(mode).save(file, form, **options)
    image = upload(api, file.getvalue(), "image")
    kept = Image.open(io.BytesIO(api.get(api.get(f"/v1/media/{image}").json()["url"]).content))

    inputs = {"image": {"media": image}, "x": 0, "y": 0, "width": SIZE[0], "height": SIZE[1]}
    job = finished(api, "crop", inputs)
    made = Image.open(io.BytesIO(api.get(job["outputs"][0]["url"]).content))

    assert made.convert("RGB").tobytes() == kept.convert("RGB").tobytes()

"""Saves pictures as files and shows them to the client."""

import json
from pathlib import Path
from typing import Any

from PIL.PngImagePlugin import PngInfo

from preview_engine.classes.context import Batch, Context, Result

WEBP_EFFORT = {"default": 4, "fastest": 0, "slowest": 6}


def save_image(run: Context, *, images: Batch, filename_prefix: str = "ComfyUI") -> Result:
    return save(run, "output", images, filename_prefix, effort=4)


def preview_image(run: Context, *, images: Batch) -> Result:
    return save(run, "temp", images, run.folders.temp_prefix, effort=1)


def mask_preview(run: Context, *, mask: Batch) -> Result:
    return preview_image(run, images=tuple(one.convert("RGB") for one in mask))


def save(run: Context, kind: str, images: Batch, prefix: str, *, effort: int) -> Result:
    notes = png_text(described(run))
    shown: list[dict[str, str]] = []
    free = run.folders.new_files(kind, prefix, images[0].size, "png", count=len(images))
    for index, (picture, numbered) in enumerate(zip(images, free, strict=True)):
        path = numbered.with_name(numbered.name.replace("%batch_num%", str(index)))
        picture.save(path, "PNG", pnginfo=notes, compress_level=effort)
        shown.append(run.folders.entry(kind, path))
    return Result(shown={"images": shown})


def save_animated_webp(  # noqa: PLR0913 - the class declares as many inputs
    run: Context,
    *,
    images: Batch,
    filename_prefix: str,
    fps: float,
    lossless: bool,
    quality: int,
    method: str,
) -> Result:
    options = {"lossless": lossless, "quality": quality, "method": WEBP_EFFORT[method]}
    return save_animation(run, images, filename_prefix, fps, "webp", **options)


def save_animated_png(
    run: Context, *, images: Batch, filename_prefix: str, fps: float, compress_level: int
) -> Result:
    return save_animation(run, images, filename_prefix, fps, "png", compress_level=compress_level)


def save_animation(
    run: Context, images: Batch, prefix: str, fps: float, ending: str, **options: Any
) -> Result:
    [path] = run.folders.new_files("output", prefix, images[0].size, ending)
    images[0].save(
        path, save_all=True, append_images=images[1:], duration=int(1000 / fps), loop=0, **options
    )
    return moving(run, path)


def moving(run: Context, path: Path) -> Result:
    """Show an animation or a film, as ComfyUI does."""
    return Result(shown={"images": [run.folders.entry("output", path)], "animated": [True]})


def described(run: Context) -> dict[str, str]:
    """Return the texts to write into files: the whole prompt, and every key of extra_pnginfo."""
    extra: dict[str, Any] = run.extra_data.get("extra_pnginfo") or {}
    return {key: json.dumps(value) for key, value in {"prompt": run.graph, **extra}.items()}


def png_text(texts: dict[str, str]) -> PngInfo:
    info = PngInfo()
    for key, text in texts.items():
        info.add_text(key, text)
    return info

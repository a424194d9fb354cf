"""Saves pictures as files and shows them to the client."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from PIL import Image
from PIL.PngImagePlugin import PngInfo

from preview_engine.classes.context import Context
from preview_engine.classes.result import Batch, Result
from preview_engine.folders import Folders, fill_prefix

WEBP_EFFORT = {"default": 4, "fastest": 0, "slowest": 6}


class PictureSaver:
    """SaveImage, PreviewImage and their animated and mask variants over one engine's folders."""

    def __init__(self, folders: Folders) -> None:
        self._folders = folders

    def save_image(
        self, run: Context, *, images: Batch, filename_prefix: str = "ComfyUI"
    ) -> Result:
        return Result(shown=self._save(run, "output", images, filename_prefix, effort=4))

    def preview_image(self, run: Context, *, images: Batch) -> Result:
        return Result(shown=self._save(run, "temp", images, self._folders.temp_prefix, effort=1))

    def mask_preview(self, run: Context, *, mask: Batch) -> Result:
        return self.preview_image(run, images=tuple(one.convert("RGB") for one in mask))

    def save_animated_webp(
        self,
        _: Context,
        *,
        images: Batch,
        filename_prefix: str,
        fps: float,
        lossless: bool,
        quality: int,
        method: str,
    ) -> Result:
        options = {"lossless": lossless, "quality": quality, "method": WEBP_EFFORT[method]}
        return self._save_animation(images, filename_prefix, fps, "webp", options)

    def save_animated_png(
        self, _: Context, *, images: Batch, filename_prefix: str, fps: float, compress_level: int
    ) -> Result:
        options = {"compress_level": compress_level}
        return self._save_animation(images, filename_prefix, fps, "png", options)

    def misc_outputs(self, _: Context, *, image: Batch) -> Result:  # noqa: ARG002 - declared input
        """Show output keys that real custom nodes use; only for tests."""
        path = self._folders.resolve("output", "video", "misc_00001.mp4")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"not really an mp4")
        video = {"filename": path.name, "subfolder": "video", "type": "output"}
        gif = video | {"format": "video/h264-mp4", "frame_rate": 8.0, "fullpath": str(path)}
        return Result(
            shown={"gifs": [gif], "text": ["hello", "wörld"], "any_json": [{"a": 1, "b": [1, 2]}]}
        )

    def _save(
        self, run: Context, kind: str, images: Batch, prefix: str, *, effort: int
    ) -> dict[str, Any]:
        filled = fill_prefix(prefix, *images[0].size)
        folder, name, counter = self._folders.next_output(kind, filled)
        notes = png_text(run)
        shown: list[dict[str, str]] = []
        for counter_of_one, picture in enumerate(images, counter):
            plain = name.replace("%batch_num%", str(counter_of_one - counter))
            path = folder / f"{plain}_{counter_of_one:05}_.png"
            picture.save(path, "PNG", pnginfo=notes, compress_level=effort)
            shown.append(entry(self._folders, kind, path))
        self._folders.remember_counter(folder, name, counter + len(images) - 1)
        return {"images": shown}

    def _save_animation(
        self, images: Batch, prefix: str, fps: float, ending: str, options: dict[str, Any]
    ) -> Result:
        filled = fill_prefix(prefix, *images[0].size)
        folder, name, counter = self._folders.next_output("output", filled)
        path = folder / f"{name}_{counter:05}_.{ending}"
        frames: Iterable[Image.Image] = images[1:]
        images[0].save(
            path, save_all=True, append_images=frames, duration=int(1000 / fps), loop=0, **options
        )
        self._folders.remember_counter(folder, name, counter)
        return Result(shown={"images": [entry(self._folders, "output", path)], "animated": [True]})


def entry(folders: Folders, kind: str, path: Path) -> dict[str, str]:
    """Describe a file as ComfyUI describes it to clients."""
    subfolder = path.parent.relative_to(folders.roots[kind])
    where = "" if subfolder == Path() else subfolder.as_posix()
    return {"filename": path.name, "subfolder": where, "type": kind}


def described(run: Context) -> dict[str, str]:
    """Return the texts to write into files: the whole prompt, and every key of extra_pnginfo."""
    extra: dict[str, Any] = run.extra_data.get("extra_pnginfo") or {}
    return {key: json.dumps(value) for key, value in {"prompt": run.graph, **extra}.items()}


def png_text(run: Context) -> PngInfo:
    text = PngInfo()
    for key, value in described(run).items():
        text.add_text(key, value)
    return text

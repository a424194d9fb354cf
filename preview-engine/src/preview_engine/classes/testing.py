"""Classes for tests only: slow, not interruptible, or failing. See `--test-classes`."""

import time

from PIL import Image

from preview_engine.classes.context import Batch, Context, Result, values

SIDE = 64


def slow_steps(
    run: Context,
    *,
    image: Batch,
    steps: int,
    seconds_per_step: float,
    preview: bool,
    **_unused: object,
) -> Result:
    """Send the events of a sampler."""
    for step in range(1, steps + 1):
        time.sleep(seconds_per_step)
        color = (step * 25 % 256, 80, 160)
        run.step(step, steps, Image.new("RGB", (SIDE, SIDE), color) if preview else None)
    return values(image)


def slow_blocking(_: Context, *, image: Batch, seconds: float, **_unused: object) -> Result:
    """Block without a step, so that no interrupt is noticed."""
    time.sleep(seconds)
    return values(image)


def always_raises(_: Context, *, message: str, **_unused: object) -> Result:
    raise ValueError(message)


def misc_outputs(run: Context, *, image: Batch) -> Result:  # noqa: ARG001 - declared input
    """Show output keys that real custom nodes use."""
    path = run.folders.resolve("output", "video", "misc_00001.mp4")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"not really an mp4")
    video = {"format": "video/h264-mp4", "frame_rate": 8.0, "fullpath": str(path)}
    gif = {**run.folders.entry("output", path), **video}
    return Result(
        shown={"gifs": [gif], "text": ["hello", "wörld"], "any_json": [{"a": 1, "b": [1, 2]}]}
    )

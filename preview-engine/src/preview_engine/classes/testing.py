"""Classes that only tests want: slow, deaf to interrupts, or failing. See `--test-classes`."""

import time

from PIL import Image

from preview_engine.classes.context import Context
from preview_engine.classes.result import Batch, Result, values

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
    """Looks like a sampler on the wire."""
    for step in range(1, steps + 1):
        time.sleep(seconds_per_step)
        color = (step * 25 % 256, 80, 160)
        run.step(step, steps, Image.new("RGB", (SIDE, SIDE), color) if preview else None)
    return values(image)


def slow_blocking(_: Context, *, image: Batch, seconds: float, **_unused: object) -> Result:
    """Cannot be interrupted."""
    time.sleep(seconds)
    return values(image)


def always_raises(_: Context, *, message: str, **_unused: object) -> Result:
    raise ValueError(message)

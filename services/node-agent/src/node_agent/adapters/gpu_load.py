"""Asks `nvidia-smi`, which comes with NVIDIA's driver, how busy the GPUs of this machine are."""

import asyncio
import shutil
import subprocess
from collections.abc import Mapping
from contextlib import suppress

PROGRAM = "nvidia-smi"
ARGUMENTS = ("--query-gpu=index,uuid,utilization.gpu", "--format=csv,noheader,nounits")
MOST_SECONDS = 4.0
"""A driver in trouble lets the program hang."""


async def gpu_loads() -> Mapping[str, float]:
    """Return the load of each GPU, from 0 to 1, by its number and by its UUID.

    It is empty without the driver, and while the driver does not answer.
    """
    return loads_in(await asyncio.to_thread(ask))


def ask() -> str:
    program, nowhere = shutil.which(PROGRAM), subprocess.DEVNULL
    if program is None:
        return ""
    try:
        done = subprocess.run(
            (program, *ARGUMENTS),
            stdin=nowhere,
            stdout=subprocess.PIPE,
            stderr=nowhere,
            timeout=MOST_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.decode(errors="replace")


def loads_in(text: str) -> Mapping[str, float]:
    """Read lines such as `0, GPU-5f2c…, 87`; a GPU that tells no load (`[N/A]`) is left out."""
    loads: dict[str, float] = {}
    for line in text.splitlines():
        with suppress(ValueError):
            number, uuid, percent = (part.strip() for part in line.split(","))
            loads[number] = loads[uuid] = min(max(float(percent) / 100, 0.0), 1.0)
    return loads


def load_of(device: str | None, loads: Mapping[str, float]) -> float | None:
    """Return the load of a device as `CUDA_VISIBLE_DEVICES` names it; None is the first GPU."""
    name = "0" if device is None else device
    if name in loads:
        return loads[name]
    if not name.startswith("GPU-"):
        return None
    begun = [load for uuid, load in loads.items() if uuid.startswith(name)]
    return begun[0] if len(begun) == 1 else None

"""Asks `nvidia-smi`, which comes with NVIDIA's driver, how busy the GPUs of this machine are."""

import asyncio
import shutil
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field

PROGRAM = "nvidia-smi"
ARGUMENTS = ("--query-gpu=index,uuid,utilization.gpu", "--format=csv,noheader,nounits")
PAUSE_SECONDS = 5.0
MOST_SECONDS = 4.0
"""A driver in trouble lets the program hang."""


@dataclass(slots=True)
class GpuLoads:
    """The load of each GPU, from 0 to 1, by its number and by its UUID.

    It is empty without the driver, and while the driver does not answer.
    """

    now: Mapping[str, float] = field(default_factory=dict[str, float])

    async def watch(self) -> None:
        while True:
            with suppress(OSError):
                await self.ask()
            await asyncio.sleep(PAUSE_SECONDS)

    async def ask(self) -> None:
        """Ask once; wait, beyond the answer, until the program has ended.

        The driver can hold a killed program for ever. Then nothing is asked any more, and nobody
        else waits for it.
        """
        program = shutil.which(PROGRAM)
        if program is None:
            self.now = {}
            return
        process = await asyncio.create_subprocess_exec(
            program, *ARGUMENTS, stdin=DEVNULL, stdout=PIPE, stderr=DEVNULL
        )
        try:
            async with asyncio.timeout(MOST_SECONDS):
                said, _ = await process.communicate()
            self.now = loads_in(said.decode(errors="replace"))
        except TimeoutError:
            self.now = {}
        finally:
            with suppress(ProcessLookupError):
                process.kill()
        await process.wait()


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

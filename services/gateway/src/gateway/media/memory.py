"""Returns memory of transfers that have ended to the system.

Requests leave objects in cycles, which Python finds late in an idle process, and glibc keeps what
it freed between blocks that are in use. `make bench` measures both with 400 slow clients.
"""

import ctypes
import gc
import sys
from collections.abc import Generator
from contextlib import contextmanager

from gateway.service import Gateway

LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None


async def return_memory(gateway: Gateway) -> None:  # noqa: ARG001  every tick takes it
    """Free what no request uses any more, and return memory that is free to the system."""
    gc.collect()  # it takes milliseconds: what exists since the start is left out
    trim = getattr(LIBC, "malloc_trim", None)  # glibc alone has it
    if trim is not None:
        trim(0)


@contextmanager
def what_exists_set_aside() -> Generator[None, None, None]:
    """Let collections within the block pass over all objects that exist before it."""
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()

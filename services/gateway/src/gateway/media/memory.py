"""Returns memory of transfers that have ended to the system.

glibc keeps what it freed between blocks that are in use: after 200 slow clients at once, a gateway
stayed tens of megabytes larger.
"""

import ctypes
import sys

from gateway.service import Gateway

LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None


async def return_memory(gateway: Gateway) -> None:  # noqa: ARG001  every tick takes it
    """Return memory that is free to the system."""
    trim = getattr(LIBC, "malloc_trim", None)  # glibc alone has it
    if trim is not None:
        trim(0)

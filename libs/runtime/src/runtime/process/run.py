"""The life of a process: run until told to stop, and never half-dead."""

import asyncio
import signal
import sys
from collections.abc import Awaitable, Callable

import uvloop


def run(main: Callable[[], Awaitable[None]]) -> None:
    """Run `main` to its end. An error in it ends the process with status 1, to be restarted."""

    async def entry() -> None:
        await main()

    try:
        uvloop.run(entry())
    except KeyboardInterrupt:
        sys.exit(130)


def stop_on_signals() -> asyncio.Event:
    """Return an event that SIGTERM or SIGINT sets."""
    stop = asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, stop.set)
    return stop

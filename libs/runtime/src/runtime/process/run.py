"""Runs one service as a process until a signal ends it; an error ends the whole process."""

import asyncio
import signal
import sys
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

import uvloop

from runtime.process.settings import FleetSettings

S = TypeVar("S", bound=FleetSettings)

NEEDLESS = ("pydantic.v1", "pygments", "rich")
"""FastAPI loads the first to refuse its models; structlog and httpx load the others to color a
terminal. All are optional, and together they take a tenth of the start of a service (measured)."""


def without_needless_libraries() -> None:
    """Have imports of them fail, as where they are not installed (as `rich` in the images)."""
    for name in NEEDLESS:
        sys.modules[name] = None  # pyright: ignore[reportArgumentType]  # documented: the import system's page


def main(serve: Callable[[S], Coroutine[Any, Any, None]], settings: type[S]) -> None:
    """Run `serve` with the settings of the environment until it returns.

    An error ends the process with status 1; its supervisor starts it again.
    """
    try:
        uvloop.run(serve(settings()))
    except KeyboardInterrupt:
        sys.exit(130)


def stop_on_signals() -> asyncio.Event:
    """Return an event that SIGTERM or SIGINT sets."""
    stop = asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, stop.set)
    return stop

"""uvicorn inside a process that is more than a web server."""

import asyncio
from collections.abc import Generator
from contextlib import contextmanager

import uvicorn

TICK_SECONDS = 0.5


class Server(uvicorn.Server):
    """Leaves signals to the process, and ticks twice a second instead of ten times.

    The tick renews the Date header and looks whether to stop; ten a second, in each of seven
    processes, is work at rest for nobody.
    """

    @contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        yield

    async def main_loop(self) -> None:
        while True:
            if await self.on_tick(0):
                return
            await asyncio.sleep(TICK_SECONDS)

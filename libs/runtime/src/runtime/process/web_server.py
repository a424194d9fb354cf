"""Runs uvicorn inside a process that does more than serve HTTP."""

import asyncio
from collections.abc import Generator
from contextlib import contextmanager

import uvicorn

TICK_SECONDS = 0.5


class Server(uvicorn.Server):
    """Leaves signals to the process, and ticks twice a second instead of ten times.

    A tick renews the Date header and checks whether to stop. Ten of them a second, in each of
    seven processes, would be needless work at rest.
    """

    @contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        yield

    async def main_loop(self) -> None:
        while True:
            if await self.on_tick(0):
                return
            await asyncio.sleep(TICK_SECONDS)

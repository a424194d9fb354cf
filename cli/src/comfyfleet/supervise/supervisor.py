"""All children of one fleet, started in steps and stopped in reverse."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from comfyfleet.problem import CommandError
from comfyfleet.supervise import state
from comfyfleet.supervise.child import ChildSpec
from comfyfleet.supervise.keeper import Keeper
from comfyfleet.supervise.state import FleetState

READY_SECONDS = 120.0


class Supervisor:
    """Owns the children and the state file that `status` reads."""

    def __init__(self, fleet: FleetState, *, run: Path, logs: Path) -> None:
        self.fleet = fleet
        self._run = run
        self.logs = logs
        self._steps: list[dict[Keeper, asyncio.Task[None]]] = []

    async def start(self, specs: Sequence[ChildSpec], *, within: float = READY_SECONDS) -> None:
        """Start these children together; returns when all are ready, or says who is not."""
        keepers = [
            Keeper(spec, run=self._run, logs=self.logs, changed=self.write) for spec in specs
        ]
        self._steps.append({keeper: asyncio.create_task(keeper.keep()) for keeper in keepers})
        try:
            async with asyncio.timeout(within):
                await asyncio.gather(*(keeper.first_ready for keeper in keepers))
        except TimeoutError:
            raise CommandError(who_is_late(keepers, within)) from None

    async def watch(self, stop: asyncio.Event) -> None:
        """Wait for `stop`; a keeper never ends before that, so its end is a bug and is raised."""
        stopping = asyncio.create_task(stop.wait())
        done, _ = await asyncio.wait(
            {stopping, *(task for step in self._steps for task in step.values())},
            return_when=asyncio.FIRST_COMPLETED,
        )
        stopping.cancel()
        for task in done:
            task.result()

    async def stop(self) -> None:
        """Stop the children: together what was started together, last step first."""
        for step in reversed(self._steps):
            await asyncio.gather(*(keeper.stop(task) for keeper, task in step.items()))

    def note(self, step: str) -> None:
        """Tell people who wait what happens now."""
        self.fleet.step = step
        self.write()

    def write(self) -> None:
        self.fleet.children = [keeper.state for step in self._steps for keeper in step]
        with suppress(OSError):  # a full disk must not take the children down
            state.save(self._run / "state.json", self.fleet)


def who_is_late(keepers: Sequence[Keeper], within: float) -> str:
    late = [keeper for keeper in keepers if keeper.state.phase != "ready"] or list(keepers)
    names = ", ".join(keeper.spec.name for keeper in late)
    return (
        f"Not ready within {within:.0f} s: {names}. Last words of {late[0].spec.name}: "
        f"“{late[0].last_words()}”. The whole story: {late[0].log_path}"
    )

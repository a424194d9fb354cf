"""Starts the children of one fleet in groups and stops them in reverse order."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from comfyfleet import CommandError
from comfyfleet.supervision import state
from comfyfleet.supervision.state import FleetState
from runtime.supervision.child import ChildSpec
from runtime.supervision.log_file import last_words
from runtime.supervision.restarting_child import HopelessError, RestartingChild

READY_SECONDS = 120.0


class Supervisor:
    """Owns the children and the state file that `status` reads.

    `report` gets a line when a child that was ready has ended.
    """

    def __init__(
        self, fleet: FleetState, *, run: Path, logs: Path, report: Callable[[str], None]
    ) -> None:
        self.fleet = fleet
        self._run = run
        self._report = report
        self._ready: set[str] = set()
        self.logs = logs
        self._groups: list[dict[RestartingChild, asyncio.Task[None]]] = []

    async def start(self, specs: Sequence[ChildSpec], *, within: float = READY_SECONDS) -> None:
        """Start these children together and return when all are ready, or raise `CommandError`."""
        children = [
            RestartingChild(
                spec,
                run_folder=self._run,
                logs=self.logs,
                changed=self._follow,
            )
            for spec in specs
        ]
        self._groups.append({child: asyncio.create_task(child.run()) for child in children})
        try:
            async with asyncio.timeout(within):
                await asyncio.gather(*(child.first_ready for child in children))
        except TimeoutError:
            raise CommandError(late_children(children, within)) from None
        except HopelessError as error:
            raise CommandError(str(error)) from None

    async def watch(self, stop: asyncio.Event) -> None:
        """Wait for `stop`. A child's task that ends before is a bug, whose error is raised."""
        stopping = asyncio.create_task(stop.wait())
        done, _ = await asyncio.wait(
            {stopping, *(task for group in self._groups for task in group.values())},
            return_when=asyncio.FIRST_COMPLETED,
        )
        stopping.cancel()
        for task in done:
            task.result()

    async def stop(self) -> None:
        """Stop each group of children together, the last group first."""
        for group in reversed(self._groups):
            await asyncio.gather(*(child.stop(task) for child, task in group.items()))

    def _follow(self) -> None:
        """Report each child that has ended since it was ready, and write the new state."""
        self.write()
        for child in self.fleet.children:
            if child.phase == "ready":
                self._ready.add(child.name)
            elif child.phase == "waiting" and child.name in self._ready:
                self._ready.remove(child.name)
                self._report(f"{child.name}: {child.note}; it starts again")

    def note(self, step: str) -> None:
        """Record the present step for people who wait."""
        self.fleet.step = step
        self.write()

    def write(self) -> None:
        self.fleet.children = [child.state for group in self._groups for child in group]
        with suppress(OSError):  # a full disk must not take the children down
            state.save(self._run / "state.json", self.fleet)


def late_children(children: Sequence[RestartingChild], within: float) -> str:
    late = [child for child in children if child.state.phase != "ready"] or list(children)
    names = ", ".join(child.spec.name for child in late)
    return (
        f"Not ready within {within:.0f} s: {names}. Last words of {late[0].spec.name}: "
        f"“{last_words(late[0].log_path)}”. The log: {late[0].log_path}"
    )

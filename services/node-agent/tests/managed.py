"""An agent that runs a preview engine itself."""

import shlex
import sys
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from contracts.message import Accepted
from contracts.registry.workflows import WorkflowEntry
from contracts.scheduler.claims import AnnounceNode, NodeBeat
from contracts.scheduler.nodes import ClaimedNode
from contracts.services import WORKFLOWS
from runtime.supervision import pid_file
from runtime.testing.ports import eventually, free_port
from workflows import WorkflowVersion

from .fleet import Fleet, put

SLOW_START = 30.0
"""A preview engine takes seconds to start on a busy machine."""


@dataclass
class Managed:
    """The server, and the settings by which an agent runs it."""

    fleet: Fleet
    folder: Path
    port: int = field(default_factory=free_port)

    def settings(self, **more: Any) -> dict[str, Any]:
        home = ("--home", str(self.folder / "home"), "--port", "{port}")
        engine = (sys.executable, "-m", "preview_engine", "--test-classes", *home)
        return {
            "comfyui_command": shlex.join(engine),
            "comfyui_port": self.port,
            "run_dir": self.folder,
            "machine": "box",
            "stop_seconds": 0.5,
        } | more

    @property
    def pid(self) -> int:
        """Return the server's process id; 0 if it does not run."""
        process = pid_file.find_process(self.folder / f"comfyui-{self.port}.pid")
        return process.pid if process else 0

    @property
    def log(self) -> str:
        return (self.folder / f"comfyui-{self.port}.log").read_text()

    async def announced(self) -> ClaimedNode:
        await eventually(lambda: bool(self.fleet.entries))
        [entry] = self.fleet.entries.values()
        return entry

    async def sees(self, is_so: Callable[[NodeBeat], bool]) -> ClaimedNode:
        entry = await self.announced()
        await self.fleet.sees(entry, is_so, SLOW_START)
        return entry

    async def is_executing(self) -> None:
        """Wait until an attempt runs inside the server."""
        await self.sees(lambda beat: any(attempt.has_begun for attempt in beat.attempts))

    async def is_taken(self) -> ClaimedNode:
        """Wait until the server takes attempts."""
        return await self.sees(lambda beat: beat.is_reachable and not beat.is_paused)


@pytest.fixture
async def managed(fleet: Fleet, tmp_path: Path) -> AsyncGenerator[Managed, None]:
    (tmp_path / "home").mkdir()
    await fleet.scheduler.serve(AnnounceNode, adding(fleet))
    yield Managed(fleet, tmp_path)
    pid_file.end_leftovers(tmp_path)


def adding(fleet: Fleet) -> Callable[[AnnounceNode], Any]:
    async def add(command: AnnounceNode) -> Accepted:
        if command.node_id not in fleet.entries:
            await fleet.wish(ClaimedNode(node_id=command.node_id, **vars(command.node)))
        return Accepted()

    return add


async def publish_named(fleet: Fleet, version: WorkflowVersion) -> None:
    """Publish the version as `test@1`."""
    entry = WorkflowEntry(
        name="test",
        active_version=1,
        versions={1: await fleet.publish(version)},
        title="test",
        category="test",
    )
    await put(fleet.registry, WORKFLOWS.name, "name.test", entry.model_dump_json())

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from comfyfleet.supervision.state import FleetState
from comfyfleet.supervision.supervisor import Supervisor


@pytest.fixture
def reports() -> list[str]:
    """Lines that a terminal would show."""
    return []


@pytest.fixture
async def supervisor(tmp_path: Path, reports: list[str]) -> AsyncGenerator[Supervisor, None]:
    """Without children yet; stops what a test has started."""
    for name in ("run", "logs"):
        (tmp_path / name).mkdir()
    state = FleetState(phase="starting", pid=0, url="")
    running = Supervisor(state, run=tmp_path / "run", logs=tmp_path / "logs", report=reports.append)
    yield running
    await running.stop()

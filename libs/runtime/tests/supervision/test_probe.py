"""Programs that tell whether a server is ready."""

import asyncio
import sys
from contextlib import suppress

import psutil
import pytest

from runtime.supervision.probe import succeeds
from runtime.testing.ports import eventually


async def test_a_program_that_nobody_waits_for_is_killed() -> None:
    code = "import time; time.sleep(600)"
    asking = asyncio.create_task(succeeds(sys.executable, "-c", code))

    def is_running() -> bool:
        for child in psutil.Process().children():
            with suppress(psutil.Error):  # other children of this process come and go
                if code in child.cmdline():
                    return True
        return False

    await eventually(is_running)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking

    assert not is_running()

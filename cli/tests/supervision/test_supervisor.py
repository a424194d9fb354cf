import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import psutil
import pytest

from comfyfleet import CommandError
from comfyfleet.supervision import state
from comfyfleet.supervision.supervisor import Supervisor
from comfyfleet.tables import with_note
from runtime.supervision import pid_file
from runtime.supervision.child import ChildSpec
from runtime.testing.ports import eventually


async def at_once() -> bool:
    return True


def a_child(
    script: str,
    *,
    name: str = "child",
    is_ready: Callable[[], Awaitable[bool]] = at_once,
    stop_seconds: float = 5.0,
) -> ChildSpec:
    command = ("/bin/sh", "-c", script)
    return ChildSpec(name=name, command=command, is_ready=is_ready, stop_seconds=stop_seconds)


async def never() -> bool:
    return False


async def test_a_killed_child_comes_back_and_that_is_said(
    supervisor: Supervisor, reports: list[str]
) -> None:
    await supervisor.start([a_child("exec sleep 600")])
    [child] = supervisor.fleet.children
    first = child.pid
    assert first
    os.kill(first, signal.SIGKILL)
    await eventually(lambda: child.restarts == 1 and child.phase == "ready")
    assert child.pid != first
    assert reports == ["child: killed by SIGKILL; it starts again"]
    assert with_note(child, None).plain == "ready (earlier: killed by SIGKILL)"


async def test_a_child_that_cannot_start_is_given_up_in_one_sentence(
    supervisor: Supervisor,
) -> None:
    broken = a_child("echo no such option >&2; exit 3", is_ready=never)
    with pytest.raises(CommandError, match=r"child cannot start \(exited with 3\).*no such option"):
        await supervisor.start([broken])


async def test_a_program_that_does_not_exist_says_so(supervisor: Supervisor) -> None:
    with pytest.raises(CommandError, match="cannot be started"):
        await supervisor.start([ChildSpec(name="x", command=("/no/such",), is_ready=never)])


async def test_who_is_late_is_named(supervisor: Supervisor) -> None:
    with pytest.raises(CommandError, match=r"Not ready within 0 s: slow\."):
        await supervisor.start([a_child("exec sleep 600", name="slow", is_ready=never)], within=0.2)


async def test_a_deaf_child_is_killed_after_its_grace(supervisor: Supervisor) -> None:
    deaf = "trap '' TERM; echo deaf; while true; do sleep 0.1; done"
    await supervisor.start([a_child(deaf, stop_seconds=0.3)])
    [child] = supervisor.fleet.children
    pid = child.pid
    assert pid
    log = supervisor.logs / "child.log"
    await eventually(lambda: log.exists() and "deaf" in log.read_text())
    await supervisor.stop()
    assert child.phase == "stopped"
    assert not psutil.pid_exists(pid)


async def test_what_a_child_says_lands_in_its_log(supervisor: Supervisor) -> None:
    await supervisor.start([a_child("echo out; echo err >&2; exec sleep 600")])
    log = supervisor.logs / "child.log"
    await eventually(lambda: log.exists() and log.read_text() == "out\nerr\n")


async def test_the_state_file_tells_what_runs(supervisor: Supervisor, tmp_path: Path) -> None:
    await supervisor.start([a_child("exec sleep 600")])
    found = state.load(tmp_path / "run" / "state.json")
    assert found
    assert [(child.name, child.phase) for child in found.children] == [("child", "ready")]
    assert pid_file.find_process(tmp_path / "run" / "child.pid")


async def test_stopping_while_a_child_waits_to_be_restarted_is_quick(
    supervisor: Supervisor,
) -> None:
    await supervisor.start([a_child("exit 1")])
    [child] = supervisor.fleet.children
    await eventually(lambda: child.phase == "waiting")
    async with asyncio.timeout(3):
        await supervisor.stop()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has a signal for a parent's death")
def test_children_do_not_outlive_a_killed_supervisor(tmp_path: Path) -> None:
    program = """
import asyncio, sys, pathlib
from runtime.supervision.child import ChildSpec, spawn
from runtime.supervision.log_file import LogFile
async def main():
    child = await spawn(ChildSpec("x", ("sleep", "600"), None), LogFile(pathlib.Path(sys.argv[1])))
    print(child.pid, flush=True)
    await child.wait()
asyncio.run(main())
"""
    command = [sys.executable, "-c", program, str(tmp_path / "x.log")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout
        child = int(parent.stdout.readline())
        parent.kill()
    asyncio.run(eventually(lambda: not is_running(child)))


def is_running(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False

"""A child that outlives its parent is adopted by the next parent, and ended if it is not wanted."""

import asyncio
import os
import signal
import threading
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from runtime.supervision import pid_file
from runtime.supervision.child import ChildSpec
from runtime.supervision.log_file import LogFile
from runtime.supervision.restarting_child import RestartingChild
from runtime.testing.ports import eventually


async def at_once() -> bool:
    return True


SLEEPER = ChildSpec(
    name="child",
    command=("/bin/sh", "-c", "echo started; exec sleep 600"),
    is_ready=at_once,
    outlives_parent=True,
)


@pytest.fixture(autouse=True)
async def noticed() -> AsyncGenerator[None, None]:
    """Let the loop notice the end of all children: a parent that goes does not wait for its own."""
    yield
    await eventually(lambda: not any(t.name.startswith("waitpid-") for t in threading.enumerate()))
    for _ in range(3):  # the exit, the protocol, the transport
        await asyncio.sleep(0)


@asynccontextmanager
async def running(folder: Path, spec: ChildSpec) -> AsyncGenerator[RestartingChild, None]:
    child = RestartingChild(spec, run_folder=folder, logs=folder, changed=lambda: None)
    task = asyncio.create_task(child.run())
    yield child
    await child.stop(task)


async def left_behind(folder: Path) -> int:
    """Return the process id of a child whose parent went without stopping it."""
    child = RestartingChild(SLEEPER, run_folder=folder, logs=folder, changed=lambda: None)
    task = asyncio.create_task(child.run())
    await eventually(lambda: child.state.phase == "ready" and child.state.pid is not None)
    task.cancel()
    await asyncio.wait({task})
    assert child.state.pid
    assert psutil.pid_exists(child.state.pid)
    return child.state.pid


def said(folder: Path) -> str:
    return (folder / "child.log").read_text()


async def test_a_child_that_was_left_running_is_adopted(tmp_path: Path) -> None:
    first = await left_behind(tmp_path)
    async with running(tmp_path, SLEEPER) as child:
        await eventually(lambda: child.state.phase == "ready")
        assert (child.state.pid, child.was_adopted) == (first, True)
        os.kill(first, signal.SIGKILL)
        await eventually(lambda: child.state.phase == "ready" and child.state.pid != first)
        assert (child.was_adopted, child.state.restarts, child.state.note) == (False, 1, "ended")
        await eventually(lambda: said(tmp_path) == "started\nstarted\n")
    assert child.state.phase == "stopped"


async def test_an_adopted_child_is_stopped_with_its_parent(tmp_path: Path) -> None:
    first = await left_behind(tmp_path)
    async with running(tmp_path, SLEEPER) as child:
        await eventually(lambda: child.state.phase == "ready")
    assert not is_running(first)
    assert not pid_file.find_process(tmp_path / "child.pid")


async def test_a_child_of_other_settings_is_not_adopted(tmp_path: Path) -> None:
    first = await left_behind(tmp_path)
    assert pid_file.end_leftovers(tmp_path, {"child": "changed"}) == ["child"]
    assert not is_running(first)


async def test_a_wanted_child_is_no_leftover(tmp_path: Path) -> None:
    first = await left_behind(tmp_path)
    assert pid_file.end_leftovers(tmp_path, {"child": SLEEPER.fingerprint}) == []
    assert is_running(first)
    assert pid_file.end_leftovers(tmp_path) == ["child"]


async def test_a_leftover_goes_with_its_whole_group(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    folder.mkdir()
    inner = tmp_path / "inner"
    script = f"sleep 600 & echo $! > {inner}; exec sleep 600"
    spec = replace(SLEEPER, command=("/bin/sh", "-c", script))
    child = RestartingChild(spec, run_folder=folder, logs=tmp_path, changed=lambda: None)
    task = asyncio.create_task(child.run())
    await eventually(lambda: inner.exists() and inner.read_text().endswith("\n"))
    task.cancel()
    await asyncio.wait({task})
    await asyncio.to_thread(pid_file.end_leftovers, folder)
    await eventually(lambda: not is_running(int(inner.read_text())))


async def test_a_restart_is_no_death(tmp_path: Path) -> None:
    async with running(tmp_path, SLEEPER) as child:
        await eventually(lambda: child.state.phase == "ready")
        first = child.state.pid
        child.restart()
        child.restart()
        await eventually(lambda: child.state.phase == "ready" and child.state.pid != first)
        assert (child.state.restarts, child.restart_at) == (0, None)


async def test_a_deaf_child_is_killed_when_it_is_restarted(tmp_path: Path) -> None:
    deaf = "trap '' TERM; echo deaf; while true; do sleep 0.1; done"
    spec = replace(SLEEPER, command=("/bin/sh", "-c", deaf), stop_seconds=0.3)
    async with running(tmp_path, spec) as child:
        log = tmp_path / "child.log"
        await eventually(lambda: log.exists() and "deaf" in log.read_text())
        first = child.state.pid
        child.restart()
        await eventually(lambda: child.state.phase == "ready" and child.state.pid != first)


async def test_a_dead_child_tells_when_it_is_started_again(tmp_path: Path) -> None:
    spec = replace(SLEEPER, command=("/bin/sh", "-c", "exit 3"))
    async with running(tmp_path, spec) as child:
        await eventually(lambda: child.restart_at is not None)
        assert (child.state.phase, child.state.note) == ("waiting", "exited with 3")


def test_a_log_that_its_child_writes_is_moved_aside(tmp_path: Path) -> None:
    path = tmp_path / "x.log"
    log = LogFile(path, max_bytes=10, kept=2)
    with path.open("ab", buffering=0) as child:
        for number in range(4):
            child.write(f"long line {number}\n".encode())
            log.move_aside_if_full()
        child.write(b"end\n")
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == ["x.log", "x.log.1", "x.log.2"]
    assert path.read_text() == "end\n"
    assert (tmp_path / "x.log.1").read_bytes() == b"ng line 3\n"


def is_running(pid: int) -> bool:
    try:
        return pid_file.is_alive(psutil.Process(pid))
    except psutil.NoSuchProcess:
        return False

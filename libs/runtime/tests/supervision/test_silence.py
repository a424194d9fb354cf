"""A child that does not answer any more is killed and started again."""

import asyncio
from dataclasses import replace
from pathlib import Path

from runtime.supervision.child import ChildSpec
from runtime.supervision.restarting_child import RestartingChild
from runtime.testing.ports import eventually


class Child:
    """Answers as long as the test wants it to."""

    def __init__(self, *, answers: bool) -> None:
        self.answers = answers
        command = ("/bin/sh", "-c", "exec sleep 600")
        self.spec = ChildSpec("child", command, is_ready=self.is_ready, silent_seconds=0.2)

    async def is_ready(self) -> bool:
        return self.answers


async def test_a_child_that_never_answers_is_started_again(tmp_path: Path) -> None:
    child = Child(answers=False)
    running = RestartingChild(child.spec, run_folder=tmp_path, logs=tmp_path, changed=lambda: None)
    task = asyncio.create_task(running.run())
    await eventually(lambda: running.state.restarts >= 1 and running.state.pid is not None)
    assert (running.state.note, running.state.phase) == ("did not answer for 0.2 s", "starting")
    child.answers = True
    await eventually(lambda: running.state.phase == "ready")
    await running.stop(task)


async def test_a_child_that_hangs_later_is_started_again(tmp_path: Path) -> None:
    child = Child(answers=True)
    phases = set[str]()
    running = RestartingChild(
        child.spec,
        run_folder=tmp_path,
        logs=tmp_path,
        changed=lambda: phases.add(running.state.phase),
    )
    task = asyncio.create_task(running.run())
    await eventually(lambda: running.state.phase == "ready" and running.state.pid is not None)
    first, child.answers = running.state.pid, False
    await eventually(lambda: running.state.restarts >= 1)
    child.answers = True
    await eventually(lambda: running.state.phase == "ready" and running.state.pid != first)
    assert running.state.note == "did not answer for 0.2 s"
    await running.stop(task)


async def test_without_a_limit_a_silent_child_is_left_alone(tmp_path: Path) -> None:
    child = Child(answers=False)
    looks = 0

    async def look() -> bool:
        nonlocal looks
        looks += 1
        return False

    spec = replace(child.spec, is_ready=look, silent_seconds=None)
    running = RestartingChild(spec, run_folder=tmp_path, logs=tmp_path, changed=lambda: None)
    task = asyncio.create_task(running.run())
    await eventually(lambda: looks > 5)
    assert running.state.restarts == 0
    await running.stop(task)

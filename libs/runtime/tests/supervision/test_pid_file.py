import os
import subprocess
from pathlib import Path

import psutil

from runtime.supervision import pid_file


def test_a_stranger_with_the_same_number_is_not_taken_for_ours(tmp_path: Path) -> None:
    path = tmp_path / "x.pid"
    path.write_text(f"{os.getpid()} 12345.0 x\n")
    assert pid_file.find_process(path) is None


def test_leftovers_of_a_killed_run_are_ended(tmp_path: Path) -> None:
    sleeper = subprocess.Popen(["/bin/sleep", "600"])
    pid_file.write(tmp_path / "sleeper.pid", sleeper.pid, "x")
    assert pid_file.end_leftovers(tmp_path) == ["sleeper"]
    sleeper.wait(5)
    assert not psutil.pid_exists(sleeper.pid)
    assert not list(tmp_path.iterdir())


def test_nonsense_in_a_pid_file_is_nobody(tmp_path: Path) -> None:
    path = tmp_path / "x.pid"
    path.write_text("\x00garbage")
    assert pid_file.find_process(path) is None

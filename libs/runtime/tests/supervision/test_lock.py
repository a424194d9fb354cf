import fcntl
import os
from pathlib import Path

import pytest

from runtime.supervision.lock import Lock, holder


def test_only_one_gets_it_and_the_other_learns_who(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    first = Lock(path)
    assert first.take()
    assert not Lock(path).take()
    assert holder(path) == os.getpid()


def test_a_file_left_by_a_dead_holder_locks_nobody_out(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    path.write_text("4242\n")
    assert holder(path) is None
    assert Lock(path).take()


def test_no_file_means_no_holder(tmp_path: Path) -> None:
    assert holder(tmp_path / "lock") is None


def test_a_lock_that_its_holder_removes_meanwhile_is_not_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, real = tmp_path / "lock", fcntl.flock
    first, second = Lock(path), Lock(path)
    assert first.take()

    def end_first(descriptor: int, operation: int) -> None:
        first.remove()
        real(descriptor, operation)

    monkeypatch.setattr(fcntl, "flock", end_first)
    assert not second.take()
    monkeypatch.setattr(fcntl, "flock", real)
    assert second.take()
    assert not Lock(path).take()

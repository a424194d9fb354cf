"""The engine removes old files from its disk."""

import os
import time
from pathlib import Path

from preview_engine.cleanup import Found, Retention, clean_up, expired
from preview_engine.engine.queue import Prompt, PromptQueue
from preview_engine.folders import Folders

NOW = 1_000_000_000.0
HOUR, DAY = 3_600.0, 86_400.0


def a_file(folder: Path, name: str, age: float, size_bytes: int = 10) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"x" * size_bytes)
    os.utime(path, (NOW - age, NOW - age))
    os.utime(path.parent, (NOW - age, NOW - age))
    return path


def a_queue(**outputs: object) -> PromptQueue:
    """One whose history has a prompt with these outputs."""
    queue = PromptQueue(lambda: None)
    queue.put(Prompt(1, "p", {}, {}, []))
    queue.get()
    queue.finish({"outputs": {"9": outputs}})
    return queue


def test_the_oldest_go_until_the_rest_is_small_enough() -> None:
    files = [Found(Path(f"{hours}"), NOW - hours * HOUR, 10) for hours in (2, 5, 4, 3, 0)]

    assert list(expired(files, set(), Retention(size_bytes=30), NOW)) == [
        Path("5"),
        Path("4"),
    ]
    assert list(expired(files, {Path("5")}, Retention(size_bytes=30), NOW)) == [
        Path("4"),
        Path("3"),
    ]


def test_what_was_written_within_the_hour_stays_however_much_it_is() -> None:
    files = [Found(Path("a"), NOW - HOUR + 1, 10**12)]

    assert list(expired(files, set(), Retention(size_bytes=1), NOW)) == []


def test_old_files_go_with_their_folders_but_not_what_the_history_lists(tmp_path: Path) -> None:
    folders = Folders(tmp_path)
    old = a_file(tmp_path / "output", "cf/one/a_00001_.png", 8 * DAY)
    staged = a_file(tmp_path / "input", "cf/b.png", 8 * DAY)
    listed = a_file(tmp_path / "output", "cf/two/a_00001_.png", 8 * DAY)
    mine = a_file(tmp_path / "input", "mine.png", 800 * DAY)
    recent = a_file(tmp_path / "output", "cf/three/a_00001_.png", 2 * HOUR)
    image = {"filename": listed.name, "subfolder": "cf/two", "type": "output"}

    clean_up(folders, a_queue(images=[image], text=["words"]), Retention(), NOW)

    assert [path.exists() for path in (old, staged, listed, mine, recent)] == [
        False,
        False,
        True,
        True,
        True,
    ]
    clean_up(folders, a_queue(), Retention(), time.time() + 2 * HOUR)
    assert not old.parent.exists(), "an hour after its last file went"


def test_an_input_that_a_prompt_names_counts_as_new(tmp_path: Path) -> None:
    folders = Folders(tmp_path)
    used = a_file(tmp_path / "input", "cf/b.png", 8 * DAY)
    assert folders.has_input("cf/b.png")
    clean_up(folders, a_queue(), Retention(size_bytes=0), used.stat().st_mtime)

    assert used.exists()

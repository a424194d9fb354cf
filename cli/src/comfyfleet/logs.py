"""Prints log files, and follows them as they grow or are rotated."""

from collections.abc import Callable, Sequence
from pathlib import Path

from rich.console import Console

from runtime.supervision.log_file import last_lines

NAME_WIDTH = 18


def print_logs(paths: Sequence[Path], count: int, console: Console) -> None:
    for path in paths:
        for line in last_lines(path, count):
            print_line(path, line, console)


def follow_logs(paths: Sequence[Path], console: Console, *, pause: Callable[[], None]) -> None:
    """Print each whole line as it comes; ends only by an exception of `pause`."""
    read = {path: path.stat().st_size for path in paths}
    rests = dict.fromkeys(paths, b"")
    while True:
        for path in paths:
            *lines, rests[path] = (rests[path] + new_bytes(path, read)).split(b"\n")
            for line in lines:
                print_line(path, line.decode(errors="replace"), console)
        pause()


def new_bytes(path: Path, read: dict[Path, int]) -> bytes:
    """Return the bytes appended since the last call.

    A file that is shorter than before is a new file and is read from its beginning.
    """
    try:
        with path.open("rb") as file:
            size = file.seek(0, 2)
            file.seek(read[path] if size >= read[path] else 0)
            found = file.read()
            read[path] = file.tell()
    except FileNotFoundError:  # between two steps of a rotation
        return b""
    return found


def print_line(path: Path, line: str, console: Console) -> None:
    console.print(f"{path.stem:{NAME_WIDTH}} {line}", markup=False, soft_wrap=True)

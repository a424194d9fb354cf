"""Measures the memory of a child."""

from contextlib import suppress

import psutil

MEGABYTE = 1024**2


def tree_mb(pid: int) -> int | None:
    """Return the resident memory of a process and its descendants; None if it is gone.

    Pages that they share count once for each.
    """
    try:
        root = psutil.Process(pid)
        family = [root, *root.children(recursive=True)]
    except psutil.NoSuchProcess:
        return None
    total = 0
    for process in family:
        with suppress(psutil.NoSuchProcess):
            total += process.memory_info().rss
    return total // MEGABYTE

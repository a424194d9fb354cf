"""Keeps the temporary files of tests in memory, where the machine has room for them.

Tests make hundreds of databases and stores that nobody reads again. On a slow disk, their writing
stalls every server that waits for its own small write (a database: 0.3 to 3 s instead of 0.05).
"""

import os
import shutil
import tempfile
from pathlib import Path

import psutil

MEMORY = Path("/dev/shm")  # noqa: S108  (Linux' file system in memory; others have none)
CGROUP_LIMIT = Path("/sys/fs/cgroup/memory.max")
ROOM_BYTES = 10 * 1024**3
"""All tests at once write about 4 GiB, and their processes use as much."""


def use_memory_for_temporary_files() -> None:
    """Let this process and its children make temporary files in memory, unless TMPDIR is set."""
    if "TMPDIR" not in os.environ and room() >= ROOM_BYTES:
        os.environ["TMPDIR"] = tempfile.tempdir = str(MEMORY)


def room() -> int:
    """Return how many bytes files in memory may have; 0 where programs cannot be run from them."""
    if not MEMORY.is_dir() or os.statvfs(MEMORY).f_flag & os.ST_NOEXEC:
        return 0
    limits = [shutil.disk_usage(MEMORY).free, psutil.virtual_memory().available]
    if CGROUP_LIMIT.exists() and (limit := CGROUP_LIMIT.read_text().strip()).isdecimal():
        limits.append(int(limit))
    return min(limits)

"""Opens one hostile file: reads a task from stdin, writes an answer to stdout, and exits.

The process has an empty environment, limited memory and limited processor time, and lives for
one file only, so a file can harm nothing else. An unexpected error leaves a traceback and an
exit status, which the parent takes as "unreadable".
"""

import errno
import json
import os
import resource
import sys
from dataclasses import asdict
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from media.domain.inspection import Bounds, FileRefusedError, TooLargeForSharedWorkerError

BEHIND_OTHERS = 10
LATER = os.EX_TEMPFAIL
"""Exit status for failures that the file did not cause."""
NOT_THE_FILE = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EIO)


def main() -> None:
    task = json.loads(sys.stdin.buffer.read())
    set_limits(task["memory_bytes"], task["cpu_seconds"], task["output_bytes"])
    if task["task"] == "preview":
        os.nice(BEHIND_OTHERS)  # uploads and jobs have somebody who waits, previews do not
    answer: dict[str, Any]
    try:
        answer = {"found": run(task)}
    except FileRefusedError as error:
        answer = {"refused": [error.code, error.message, error.params]}
    except (TooLargeForSharedWorkerError, MemoryError):
        answer = {"too_large": True}
    except OSError as error:
        if error.errno in NOT_THE_FILE:
            sys.exit(LATER)
        raise
    sys.stdout.write(json.dumps(answer))


def set_limits(memory_bytes: int, cpu_seconds: int, output_bytes: int) -> None:
    """Limit this process; over its time it gets SIGXCPU, which the parent recognizes."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_seconds, cpu_seconds + 5))
    resource.setrlimit(resource.RLIMIT_FSIZE, (output_bytes, output_bytes))
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))


def run(task: dict[str, Any]) -> dict[str, Any]:
    # Decoders are loaded under the limits, not before them.
    from media.adapters.sandbox import inspection, metadata, thumbnails  # noqa: PLC0415

    folder, bounds = Path(task["folder"]), Bounds(**task["bounds"])
    source, target = folder / "source", folder / "target"
    match task["task"]:
        case "inspect":
            # Loading Pydantic, and so the model of the options, takes 0.3 s (measured).
            mask: Any = SimpleNamespace(**task["mask"])
            size = tuple(task["mask_size"]) if task["mask_size"] else None
            found = inspection.inspect(source, target, task["kind"], bounds, mask, size)
        case "preview":
            found = thumbnails.make_preview(source, folder, bounds)
        case _:
            found = metadata.strip(source, target)
    return asdict(found)


if __name__ == "__main__":
    main()

"""The process that opens one hostile file: a job on stdin, an answer on stdout, then gone.

Its environment is empty, its memory and its processor time are limited, and it lives for one
file only: what a file does to it, it does to nobody else. What it does not expect is a
traceback and a status, which the parent takes as "unreadable".
"""

import errno
import json
import os
import resource
import sys
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from media.domain.inspection import Bounds, MaskOrder, NeedsRoomError, RefusedError

BEHIND_OTHERS = 10
LATER = os.EX_TEMPFAIL
"""Exit status for failures that are not the file's fault."""
NOT_THE_FILE = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EIO)


def main() -> None:
    job = json.loads(sys.stdin.buffer.read())
    limit(job["memory_bytes"], job["cpu_seconds"], job["output_bytes"])
    if job["task"] == "look":
        os.nice(BEHIND_OTHERS)  # nobody waits for a thumbnail as for an upload or a job
    answer: dict[str, Any]
    try:
        answer = {"found": work(job)}
    except RefusedError as error:
        answer = {"refused": [error.code, error.message, error.params]}
    except (NeedsRoomError, MemoryError):
        answer = {"needs_room": True}
    except OSError as error:
        if error.errno in NOT_THE_FILE:
            sys.exit(LATER)
        raise
    sys.stdout.write(json.dumps(answer))


def limit(memory_bytes: int, cpu_seconds: int, output_bytes: int) -> None:
    """Bind this process; a soft limit on time ends it by SIGXCPU, which the parent knows."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_seconds, cpu_seconds + 5))
    resource.setrlimit(resource.RLIMIT_FSIZE, (output_bytes, output_bytes))
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))


def work(job: dict[str, Any]) -> dict[str, Any]:
    # Decoders are loaded under the limits, not before them.
    from media.adapters.pixels import files, stripping, thumbnails  # noqa: PLC0415

    folder = Path(job["folder"])
    source, target = folder / "source", folder / "target"
    match job["task"]:
        case "inspect":
            mask = read_mask(job["mask"])
            found = files.inspect(source, target, job["kind"], mask, Bounds(**job["bounds"]))
        case "look":
            found = thumbnails.look(source, folder, Bounds(**job["bounds"]))
        case _:
            found = stripping.strip(source, target)
    return asdict(found)


def read_mask(fields: dict[str, Any]) -> MaskOrder:
    mask = MaskOrder(**fields)
    return replace(mask, size=(mask.size[0], mask.size[1])) if mask.size else mask


if __name__ == "__main__":
    main()

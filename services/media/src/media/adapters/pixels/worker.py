"""The process that opens one hostile file: order on stdin, finding on stdout, then gone.

Its environment is empty, its memory and its processor time are limited, and it lives for one
file only: what a file does to it, it does to nobody else. What it does not expect is a
traceback and a status, which the parent takes as "unreadable".
"""

import errno
import json
import os
import resource
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from media.domain.inspection import MaskOrder, Order, RefusedError

LATER = os.EX_TEMPFAIL
"""Exit status for failures that are not the file's fault."""
NOT_THE_FILE = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EIO)


def main() -> None:
    job = json.loads(sys.stdin.buffer.read())
    limit(job["memory_bytes"], job["cpu_seconds"], job["output_bytes"])
    answer: dict[str, Any]
    try:
        answer = {"finding": work(job)}
    except RefusedError as error:
        answer = {"refused": [error.code, error.message, error.params]}
    except MemoryError:
        answer = {"refused": ["too_costly", "The file takes too much memory to open.", {}]}
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
    from media.adapters.pixels.files import inspect  # noqa: PLC0415

    mask = dict(job["order"]["mask"])
    mask["size"] = tuple(mask["size"]) if mask["size"] else None
    order = Order(**(job["order"] | {"mask": MaskOrder(**mask)}))
    return asdict(inspect(Path(job["source"]), Path(job["target"]), order))


if __name__ == "__main__":
    main()

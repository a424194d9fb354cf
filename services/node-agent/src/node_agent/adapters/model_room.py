"""Keeps the folder of model files within its limit, for all agents that write into it.

The size that a file will have stands beside the unfinished file, in its promise. An agent writes
its promise before it counts, so agents that cannot lock the folder may refuse each other, and
never get one room both. The promise of a killed agent is renewed by nobody and soon counts no more.
"""

from pathlib import Path

from node_agent.adapters.model_folder import files_in
from node_agent.domain.transfers import LOCK_SUFFIX, PART_SUFFIX, PROMISE_SUFFIX
from node_agent.ports import NoSpaceError

RENEW_SECONDS = 60.0
"""Pause between renewals of a promise while bytes come."""
LAPSE_SECONDS = 300.0
"""A promise that is so old is of a killed agent: tries and pauses between them are shorter."""


def take_room(root: Path, part: Path, size_bytes: int, max_bytes: int) -> None:
    """Promise the size of the file. Raises NoSpaceError, and withdraws, if there is no room."""
    promise = promise_of(part)
    promise.write_text(f"{size_bytes}\n")
    taken = taken_bytes(root, part, promise.stat().st_mtime - LAPSE_SECONDS)
    if taken + size_bytes > max_bytes:
        promise.unlink()
        raise NoSpaceError(
            f"it has {size_bytes} bytes, and {taken} of the {max_bytes} bytes of the "
            "agent's model folder are taken (COMFYFLEET_MAX_MODELS_BYTES)"
        )


def leave_room(part: Path) -> None:
    """Withdraw the promise: its file is complete, or nobody fetches it now."""
    promise_of(part).unlink(missing_ok=True)


def promise_of(part: Path) -> Path:
    return part.with_suffix(PROMISE_SUFFIX)


def bytes_in(root: Path) -> int:
    """Return the bytes of model files and unfinished ones."""
    return sum(size for path, size, _ in files_in(root) if not is_note(path))


def taken_bytes(root: Path, own: Path, since: float) -> int:
    """Return the bytes of other files, with those that are promised and have not come yet.

    `since`: older promises count no more. It is a time of the folder's own clock.
    """
    taken, parts, promises = 0, dict[Path, int](), list[Path]()
    for path, size, changed_at in files_in(root):
        if path.suffix == PROMISE_SUFFIX and changed_at >= since:
            promises.append(path)
        elif path != own and not is_note(path):
            taken += size
            parts[path] = size
    for promise in promises:
        part = promise.with_suffix(PART_SUFFIX)
        if part != own:
            taken += max(promised_bytes(promise) - parts.get(part, 0), 0)
    return taken


def promised_bytes(promise: Path) -> int:
    """Return the size in a promise; 0 if it was withdrawn, or is being written."""
    try:
        text = promise.read_text().strip()
    except FileNotFoundError:
        return 0
    return int(text) if text.isdecimal() else 0


def is_note(path: Path) -> bool:
    """Return whether agents wrote the file for each other."""
    return path.name.startswith(".") and path.suffix in (LOCK_SUFFIX, PROMISE_SUFFIX)

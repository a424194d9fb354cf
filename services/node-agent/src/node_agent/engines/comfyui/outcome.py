"""Reads from a history entry how a prompt ended, and its cause for the retry table."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from contracts.agent import AttemptEnd, Cause, Outcome
from node_agent.domain.endings import failed_end
from node_agent.engines.comfyui.shapes import is_number
from workflows.json_values import as_array, as_object

LONGEST_MESSAGE = 500
MAX_STAMP = 1e14
"""Milliseconds; a stamp after the year 5000 is no time."""
HOST_PATH = re.compile(r"(?:[A-Za-z]:)?(?:[\\/][^\\/\s'\":,;()]+){2,}")
OUT_OF_MEMORY = re.compile(r"out of memory|allocation on device", re.IGNORECASE)
HOST_MEMORY = re.compile(r"DefaultCPUAllocator|can't allocate memory|std::bad_alloc")
ACCELERATOR = re.compile(r"\b(CUDA|HIP|cuDNN|CUBLAS|NCCL|MPS|XPU)\w* ?(error|failure)|device-side")
DISK = re.compile(r"Errno (28|30|5)\b|No space left|Read-only file system|Input/output error")
TORCH_ERRORS = re.compile(r"^(torch\.|RuntimeError$|AcceleratorError$)")


def failure_in(entry: Mapping[str, Any]) -> AttemptEnd | None:
    """Return how the prompt failed or was canceled; None if it succeeded.

    ComfyUI calls an interrupt an error as well; only the last message tells them apart.
    """
    status = as_object(entry.get("status"))
    if status.get("status_str") != "error":
        return None
    messages = as_array(status.get("messages"))
    return ended_by(as_array(messages[-1]) if messages else ())


def ended_by(message: Sequence[object]) -> AttemptEnd:
    kind, details = message[0] if message else None, as_object(message[1] if message[1:] else None)
    if kind == "execution_interrupted":
        return AttemptEnd(outcome=Outcome.CANCELED)  # by the agent, or by a person in ComfyUI
    if kind == "execution_error":
        return raised(str(details.get("exception_type", "")), details)
    return failed_end(Cause.WORKFLOW, "graph_failed", "ComfyUI does not say why it failed.")


def raised(kind: str, details: Mapping[str, Any]) -> AttemptEnd:
    message = str(details.get("exception_message", ""))
    cause, code = cause_of(kind, message)
    return failed_end(
        cause,
        code,
        presentable(message) or kind,
        graph_node=str(details.get("node_id", "")) or None,
        graph_node_class=str(details.get("node_type", "")) or None,
    )


def cause_of(kind: str, message: str) -> tuple[Cause, str]:
    """Return cause and code. The type decides first: the text can come from the user's prompt."""
    is_torch = bool(TORCH_ERRORS.search(kind))
    if "OutOfMemory" in kind or (is_torch and OUT_OF_MEMORY.search(message)):
        return Cause.OUT_OF_MEMORY, "out_of_memory"
    if kind.endswith("MemoryError") or (is_torch and HOST_MEMORY.search(message)):
        return Cause.OUT_OF_MEMORY, "out_of_host_memory"
    if "AcceleratorError" in kind or (is_torch and ACCELERATOR.search(message)):
        return Cause.NODE_FAULT, "accelerator_fault"
    if kind.rpartition(".")[2] in ("OSError", "IOError") and DISK.search(message):
        return Cause.NODE_FAULT, "disk_fault"
    return Cause.WORKFLOW, "graph_failed"


def presentable(message: str) -> str:
    """Return the first line, shortened, without folders of the host."""
    line = next((line.strip() for line in message.splitlines() if line.strip()), "")
    return HOST_PATH.sub(lambda path: re.split(r"[\\/]", path[0])[-1], line)[:LONGEST_MESSAGE]


def executed_between(entry: Mapping[str, Any]) -> tuple[float | None, float | None]:
    """Return the start (epoch seconds of ComfyUI's clock) and the duration in seconds, if known."""
    stamps = [
        stamp / 1_000
        for message in as_array(as_object(entry.get("status")).get("messages"))
        for details in as_array(message)[1:]
        if is_number(stamp := as_object(details).get("timestamp")) and 0 < stamp < MAX_STAMP
    ]
    if not stamps:
        return None, None
    return stamps[0], max(stamps[-1] - stamps[0], 0.0)

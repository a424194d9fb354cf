"""Tables of processes and nodes for a terminal, and the parts of all tables."""

import sys
from collections.abc import Mapping
from datetime import UTC, datetime

import psutil
from rich.console import Console
from rich.table import Table
from rich.text import Text

from comfyfleet.supervision.state import FleetState
from runtime.supervision.child_state import ChildState

COLORS = {
    "ready": "green",
    "busy": "cyan",
    "running": "cyan",
    "completed": "green",
    "failed": "red",
    "expired": "red",
    "lost": "red",
    "quarantined": "red",
    "waiting": "red",
    "starting": "yellow",
    "joining": "yellow",
    "draining": "yellow",
    "queued": "yellow",
}


console = Console(
    highlight=False, markup=False, emoji=False, width=None if sys.stdout.isatty() else 200
)
"""For plain text, since data may look like markup; a file or pipe is 200 columns wide."""


def say(text: str) -> None:
    """Print a text as it is; only the terminal wraps it."""
    console.print(text, soft_wrap=True)


def status_table(fleet: FleetState, problems: Mapping[str, str]) -> Table:
    """Show each child; `problems` holds the problem of running children that do not work."""
    table = plain_table("process", "phase", "pid", "since", "restarts", "memory", "address")
    table.title = f"ComfyFleet on {fleet.url}: {fleet.phase}"
    for child in fleet.children:
        table.add_row(
            child.name,
            with_note(child, problems.get(child.name)),
            str(child.pid or ""),
            ago(child.since),
            str(child.restarts),
            memory(child.pid),
            (child.url or "").partition("://")[2],
        )
    return table


def plain_table(*columns: str) -> Table:
    table = Table(box=None, pad_edge=False, title_justify="left", header_style="bold")
    for number, column in enumerate(columns):
        table.add_column(column, overflow="fold", no_wrap=number == 0)
    return table


def with_note(child: ChildState, problem: str | None) -> Text:
    if problem:
        return Text(problem, style="red")
    text = colored(child.phase)
    when = "earlier: " if child.phase == "ready" else ""
    return text.append(f" ({when}{child.note})", style="dim") if child.note else text


def colored(word: str) -> Text:
    return Text(word, style=COLORS.get(word, ""))


def ago(moment: datetime) -> str:
    """Return the time since `moment` in the largest unit that fits."""
    seconds = max(0, int((datetime.now(UTC) - moment).total_seconds()))
    for unit, length in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= length:
            return f"{seconds // length} {unit}"
    return f"{seconds} s"


def memory(pid: int | None) -> str:
    try:
        processes = [psutil.Process(pid), *psutil.Process(pid).children()] if pid else []
        total = sum(process.memory_info().rss for process in processes)
    except psutil.Error:
        return ""
    return f"{total // 2**20} MiB" if total else ""

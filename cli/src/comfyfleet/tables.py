"""What people see of processes, jobs and nodes."""

import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import psutil
from rich.console import Console
from rich.table import Table
from rich.text import Text

from comfyfleet.supervise.state import ChildState, FleetState
from contracts.scheduler.jobs import JobView
from contracts.scheduler.nodes import NodeView

COLOURS = {
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
    "queued": "yellow",
}


def terminal() -> Console:
    """Plain text; where nobody looks, rows are not folded to a guessed width."""
    return Console(highlight=False, width=None if sys.stdout.isatty() else 200)


def status_table(fleet: FleetState, troubles: Mapping[str, str]) -> Table:
    """`troubles` says what is wrong with children that run."""
    table = plain_table("process", "state", "pid", "since", "restarts", "memory", "where")
    table.title = f"ComfyFleet on {fleet.url}: {fleet.phase}"
    for child in fleet.children:
        table.add_row(
            child.name,
            with_note(child, troubles.get(child.name)),
            str(child.pid or ""),
            ago(child.since),
            str(child.restarts),
            memory(child.pid),
            (child.url or "").partition("://")[2],
        )
    return table


def jobs_table(jobs: Sequence[JobView]) -> Table:
    table = plain_table("job", "workflow", "status", "created", "took", "what")
    for job in jobs:
        took = ""
        if job.started_at and job.finished_at:
            took = f"{(job.finished_at - job.started_at).total_seconds():.1f} s"
        row = (str(job.id), job.workflow, coloured(job.status), ago(job.created_at), took)
        table.add_row(*row, Text(what_of(job)))
    return table


def nodes_table(nodes: Sequence[NodeView]) -> Table:
    table = plain_table("node", "address", "state", "version", "VRAM free", "jobs", "why")
    for node in nodes:
        vram = f"{node.vram_free_mb / 1024:.1f} GiB" if node.vram_free_mb else ""
        row = (node.name, node.base_url, coloured(node.phase), node.engine_version or "", vram)
        table.add_row(*row, str(len(node.running_job_ids)), Text(node.reason or ""))
    return table


def what_of(job: JobView) -> str:
    if job.error:
        return job.error.message
    if job.unmet and not job.status.is_terminal:
        return f"no node has {', '.join(entry.name for entry in job.unmet)}"
    if job.outputs:
        return f"{len(job.outputs)} file{'s' if len(job.outputs) > 1 else ''}"
    return f"{job.progress.fraction:.0%}" if job.status == "running" else ""


def plain_table(*columns: str) -> Table:
    table = Table(box=None, pad_edge=False, title_justify="left", header_style="bold")
    for number, column in enumerate(columns):
        table.add_column(column, overflow="fold", no_wrap=number == 0)
    return table


def with_note(child: ChildState, trouble: str | None) -> Text:
    if trouble:
        return Text(trouble, style="red")
    text = coloured(child.phase)
    return text.append(f" ({child.note})", style="dim") if child.note else text


def coloured(word: str) -> Text:
    return Text(word, style=COLOURS.get(word, ""))


def ago(moment: datetime) -> str:
    """How long ago, in the largest unit that fits."""
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

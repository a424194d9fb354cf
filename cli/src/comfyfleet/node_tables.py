"""Tables of nodes for a terminal."""

from collections.abc import Iterator, Sequence

from rich.table import Table
from rich.text import Text

from comfyfleet.node_remedies import remedies_of
from comfyfleet.tables import ago, colored, plain_table
from contracts.scheduler.nodes import NodeView


def nodes_table(nodes: Sequence[NodeView]) -> Table:
    table = plain_table(
        "node", "address", "phase", "version", "VRAM free", "load", "jobs", "reason"
    )
    for node in nodes:
        row = (node.name, node.base_url, colored(node.phase), node.engine_version or "")
        row += (gibibytes(node.vram_free_mb), load(node), str(len(node.running_job_ids)))
        table.add_row(*row, Text(node.reason or ""))
    return table


def node_card(node: NodeView) -> Table:
    """Show everything about one node that is set, a line for each."""
    table = plain_table("field", "value")
    for name, value in lines(node):
        if value:
            table.add_row(name, colored(value) if name == "phase" else Text(value))
    return table


def lines(node: NodeView) -> Iterator[tuple[str, str]]:
    yield "id", str(node.id)
    yield "name", node.name
    yield "phase", node.phase
    yield "reason", node.reason or ""
    yield "remedy", " ".join(remedies_of(node))
    yield "address", node.base_url
    yield "machine", node.machine or ""
    yield "run by", "its agent" if node.is_managed else ""
    yield "found there", found_there(node)
    yield "VRAM free", gibibytes(node.vram_free_mb)
    yield "load", load(node)
    yield "jobs", ", ".join(map(str, node.running_job_ids))
    yield "foreign prompts", f"{node.foreign_prompts} of {node.max_queue}"
    yield "priority", str(node.priority)
    yield "pool", node.pool
    yield "labels", ", ".join(f"{key}={value}" for key, value in node.labels.items())
    yield "engine settings", ", ".join(f"{k}={v}" for k, v in node.engine_settings.items())
    yield "last beat", f"{ago(node.last_beat_at)} ago" if node.last_beat_at else "never"


def found_there(node: NodeView) -> str:
    """Return what the agent found at the address; nothing if it found no server yet."""
    if not node.digest:
        return ""
    devices = [f"{one.name} ({gibibytes(one.vram_total_mb)})" for one in node.devices]
    parts = [f"{node.engine} {node.engine_version}", *devices, f"{node.class_count} classes"]
    return ", ".join([*parts, f"{node.model_count} model files"])


def load(node: NodeView) -> str:
    """Return the load of the GPU, or what comes nearest to it."""
    if node.gpu_load is not None:
        return f"GPU {node.gpu_load:.0%}"
    return "" if node.busy_fraction is None else f"busy {node.busy_fraction:.0%} of the time"


def gibibytes(megabytes: int | None) -> str:
    return f"{megabytes / 1024:.1f} GiB" if megabytes else ""

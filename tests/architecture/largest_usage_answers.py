"""The largest answers about usage: sums, and the times of graph nodes."""

from collections.abc import Iterable
from typing import Any

from pydantic import BaseModel

from contracts.scheduler.timings import (
    MOST_GRAPH_NODES,
    AttemptView,
    GraphNodeTiming,
    Timings,
    TimingsView,
)
from contracts.scheduler.usage import MOST_ROWS, UsagePage, UsageRow
from contracts.values import fitting

from .largest_registry_answers import ID, TIME, text

TIMINGS = Timings(
    graph_nodes=[
        GraphNodeTiming(graph_node=text(99), graph_node_class=text(99), seconds=1e15 + 0.125)
    ]
    * MOST_GRAPH_NODES,
    graph_node_count=2**63,
    is_whole=False,
    load_seconds=1e15 + 0.125,
)
ATTEMPT = AttemptView(
    number=2**31,
    node_id=ID,
    created_at=TIME,
    ended_at=TIME,
    outcome="completed",
    cause="out_of_memory",
    executed_seconds=1e15 + 0.125,
    timings=TIMINGS,
)
SUMS: dict[str, Any] = {
    name: 2**63 if name.endswith("_count") else 1e15 + 0.125
    for name in UsageRow.model_fields
    if name.endswith(("_count", "_seconds"))
}
USAGE = UsageRow(day=TIME.date(), owner_id=ID, workflow="w" * 80, node_id=ID, **SUMS)
USAGE_ANSWERS: Iterable[BaseModel] = (
    TimingsView(attempts=fitting([ATTEMPT] * 50)),
    UsagePage(items=fitting([USAGE] * MOST_ROWS)),
)

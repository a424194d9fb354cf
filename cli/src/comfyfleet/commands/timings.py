"""`jobs timings`: how long the graph nodes of a job took."""

from collections.abc import Iterator
from contextlib import closing
from typing import Annotated
from uuid import UUID

import typer

from comfyfleet.client.connection import connect
from comfyfleet.tables import console, plain_table, say
from contracts.scheduler.timings import AttemptView, TimingsView


def timings(
    job_id: UUID,
    *,
    json: Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")] = False,
) -> None:
    """Show how long each graph node of a job took, for each of its attempts."""
    with closing(connect()) as client:
        view = client.ask(TimingsView, "GET", f"/v1/jobs/{job_id}/timings")
    if json:
        say(view.model_dump_json())
        return
    for attempt in view.attempts:
        say(", ".join(heading(attempt)))
        table = plain_table("graph node", "class", "seconds")
        for timing in attempt.timings.graph_nodes if attempt.timings else ():
            seconds = "?" if timing.seconds is None else f"{timing.seconds:.3f}"
            shown = "cached" if timing.is_cached else seconds
            table.add_row(timing.graph_node, timing.graph_node_class, shown)
        console.print(table)


def heading(attempt: AttemptView) -> Iterator[str]:
    yield f"attempt {attempt.number} on node {attempt.node_id}"
    yield attempt.outcome or "not ended"
    if attempt.executed_seconds is not None:
        yield f"{attempt.executed_seconds:.1f} s"
    if attempt.timings is None:
        yield "no times were reported"
        return
    if attempt.timings.load_seconds is not None:
        yield f"{attempt.timings.load_seconds:.1f} s of it loaded models"
    if not attempt.timings.is_whole:
        yield "a part was not heard"

"""`overview` and `dispatch`: any fleet as a whole, and the pause of its dispatch."""

from contextlib import closing
from typing import Annotated

import typer
from rich.table import Table

from comfyfleet.client.connection import connect
from comfyfleet.tables import ago, console, plain_table, say
from contracts.access import Priority
from contracts.scheduler.dispatch import DispatchView, OverviewView

Json = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]


def group() -> typer.Typer:
    app = typer.Typer(help="Give nodes to waiting jobs, or pause that.", no_args_is_help=True)
    app.command("pause")(pause)
    app.command("resume")(resume)
    return app


def pause(
    reason: Annotated[str | None, typer.Argument(help="The reason, for people.")] = None,
) -> None:
    """Give nodes to no waiting job; jobs that nodes have go on."""
    body = {"reason": reason} if reason else {}
    with closing(connect()) as client:
        view = client.ask(DispatchView, "POST", "/v1/admin/dispatch/pause", json=body)
    say(said(view))


def resume() -> None:
    """Give nodes to waiting jobs again."""
    with closing(connect()) as client:
        view = client.ask(DispatchView, "POST", "/v1/admin/dispatch/resume")
    say(said(view))


def overview(*, json: Json = False) -> None:
    """Count nodes by phase, and jobs that wait and run."""
    with closing(connect()) as client:
        found = client.ask(OverviewView, "GET", "/v1/admin/overview")
    if json:
        say(found.model_dump_json())
        return
    say(said(found.dispatch))
    phases = (f"{count} {phase}" for phase, count in found.node_count_by_phase.items())
    say(f"nodes: {', '.join(phases) or 'none'}")
    if found.oldest_wait_seconds is not None:
        say(f"the oldest job has waited for {found.oldest_wait_seconds:.0f} s")
    console.print(jobs_table(found))
    if found.owners:
        console.print(owners_table(found))


def said(view: DispatchView) -> str:
    if not view.is_paused:
        return "dispatch: goes on"
    since = f" {ago(view.paused_at)} ago" if view.paused_at else ""
    reason = f": {view.reason}" if view.reason else ""
    return f"dispatch: paused{since} by {view.paused_by}{reason}"


def jobs_table(found: OverviewView) -> Table:
    table = plain_table("priority", "waiting", "running")
    for priority in Priority:
        counts = found.waiting_job_count_by_priority, found.running_job_count_by_priority
        table.add_row(priority, *(str(count.get(priority, 0)) for count in counts))
    return table


def owners_table(found: OverviewView) -> Table:
    table = plain_table("owner", "waiting", "oldest")
    for owner in found.owners:
        table.add_row(
            str(owner.owner_id), str(owner.waiting_job_count), ago(owner.oldest_created_at)
        )
    return table
